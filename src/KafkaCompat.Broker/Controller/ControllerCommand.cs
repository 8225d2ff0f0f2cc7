using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Broker.Controller;

/// <summary>A command in the controller's mailbox: decided on its turn, answered when what it led to is committed.</summary>
internal abstract class ControllerCommand
{
    /// <summary>Decides, and keeps the reply.</summary>
    public abstract IReadOnlyList<VersionedRecord> Decide(ControllerState state, Now now);

    /// <summary>Whether what was decided means something as a whole only.</summary>
    public bool IsAtomic { get; protected set; } = true;

    /// <summary>What was decided is committed and applied.</summary>
    public abstract void Answer();

    /// <summary>Nothing is known of what was decided, or it could not be.</summary>
    public abstract void Fail(Exception failure);
}

/// <inheritdoc/>
internal sealed class ControllerCommand<TReply>(Func<ControllerState, Now, Decision<TReply>> decide) : ControllerCommand
{
    private readonly TaskCompletionSource<TReply> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TReply? _reply;

    public Task<TReply> Reply => _done.Task;

    public override IReadOnlyList<VersionedRecord> Decide(ControllerState state, Now now)
    {
        var decision = decide(state, now);
        _reply = decision.Reply;
        IsAtomic = decision.IsAtomic;
        return decision.Records;
    }

    public override void Answer() => _done.TrySetResult(_reply!);

    public override void Fail(Exception failure) => _done.TrySetException(failure);
}
