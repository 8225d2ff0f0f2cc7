using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Replication;

/// <summary>
/// The replicas in sync, as their leader knows them. What the controller has committed, or that and a change that the leader has asked for. Of a
/// change nobody knows what has become of it until the controller answers, so the leader goes by the larger set of the two.
/// <code>
/// Committed      a follower has caught up    PendingExpand      the controller accepts, or refuses    Committed
/// Committed      a follower lags             PendingShrink      the controller accepts, or refuses    Committed
/// any            newer metadata comes        Committed
/// </code>
/// </summary>
/// <param name="Isr">The replicas in sync that the controller has committed, by rising id.</param>
public abstract record IsrState(ImmutableArray<int> Isr)
{
    /// <summary>Whether a replica may be in sync by what the controller knows: its end holds the high watermark back.</summary>
    public virtual bool MayHold(int replica) => Isr.Contains(replica);

    /// <summary>Sets of ids are shown and compared in their order.</summary>
    protected static string Text(ImmutableArray<int> ids) => string.Join(',', ids);
}

/// <summary>No change is asked for.</summary>
public sealed record CommittedIsr(ImmutableArray<int> Isr) : IsrState(Isr)
{
    /// <inheritdoc/>
    public override string ToString() => Text(Isr);
}

/// <summary>The controller was asked to take one replica more.</summary>
/// <param name="Isr">As <see cref="IsrState.Isr"/>.</param>
/// <param name="Joining">The replica that has caught up.</param>
/// <param name="Change">What was asked for.</param>
public sealed record PendingExpand(ImmutableArray<int> Isr, int Joining, IsrChange Change) : IsrState(Isr)
{
    /// <inheritdoc/>
    public override bool MayHold(int replica) => replica == Joining || base.MayHold(replica);

    /// <inheritdoc/>
    public override string ToString() => $"{Text(Isr)}, asked for {Joining} too";
}

/// <summary>The controller was asked to take replicas out. They count until it has.</summary>
/// <param name="Isr">As <see cref="IsrState.Isr"/>.</param>
/// <param name="Lagging">The replicas that lag.</param>
/// <param name="Change">What was asked for.</param>
public sealed record PendingShrink(ImmutableArray<int> Isr, ImmutableArray<int> Lagging, IsrChange Change) : IsrState(Isr)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Text(Isr)}, asked to be without {Text(Lagging)}";
}
