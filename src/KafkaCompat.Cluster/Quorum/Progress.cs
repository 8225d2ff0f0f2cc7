using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>How far a replica has fetched, and when, by the wall clock, it last did and was last at the log's end; -1 where it has not.</summary>
public sealed record ReplicaProgress(long EndOffset, long LastFetchMs, long LastCaughtUpMs)
{
    /// <summary>Of a replica that has not fetched.</summary>
    public static ReplicaProgress None { get; } = new(-1, -1, -1);
}

/// <summary>
/// What a leader knows of its followers. Voters are known by the key that the set of voters gives them; of others, observers, no more than
/// <see cref="MaxObservers"/>.
/// </summary>
public sealed record Progress(ImmutableSortedDictionary<ReplicaKey, ReplicaProgress> Replicas)
{
    /// <summary>
    /// Observers that are known. One more, and the one that has not fetched for longest is forgotten: nothing depends on observers but what an operator is
    /// shown.
    /// </summary>
    public const int MaxObservers = 1_000;

    /// <summary>An observer that has not fetched for so long is forgotten.</summary>
    public const long ObserverSessionMs = 300_000;

    /// <summary>Of a leader that has just begun.</summary>
    public static Progress Empty { get; } = new(ImmutableSortedDictionary<ReplicaKey, ReplicaProgress>.Empty);

    /// <summary>What is known of a replica.</summary>
    public ReplicaProgress Of(ReplicaKey replica) => Replicas.GetValueOrDefault(replica) ?? ReplicaProgress.None;

    /// <summary>A replica's log is the same as the leader's up to an offset, and durable.</summary>
    public Progress With(ReplicaKey replica, long endOffset, long leaderEndOffset, VoterSet voters, long wallMs)
    {
        var key = voters.Find(replica)?.Key ?? replica;
        var known = Of(key);
        var noted = new ReplicaProgress(endOffset, wallMs, endOffset >= leaderEndOffset ? wallMs : known.LastCaughtUpMs);
        var replicas = Replicas.SetItem(key, noted);
        return new(voters.Contains(key) ? replicas : WithoutTheSilent(replicas, voters, key, wallMs));
    }

    /// <summary>Up to where a majority of the voters has the log.</summary>
    public long MajorityEnd(VoterSet voters)
    {
        if (voters.Voters.IsEmpty)
        {
            return -1;
        }

        var ends = voters.Voters.Select(voter => Of(voter.Key).EndOffset).OrderDescending().ToList();
        return ends[voters.Majority - 1];
    }

    private static ImmutableSortedDictionary<ReplicaKey, ReplicaProgress> WithoutTheSilent(
        ImmutableSortedDictionary<ReplicaKey, ReplicaProgress> replicas, VoterSet voters, ReplicaKey noted, long wallMs)
    {
        var observers = replicas.Where(replica => !voters.Contains(replica.Key) && replica.Key != noted).OrderBy(replica => replica.Value.LastFetchMs).ToList();
        var silent = observers.Where((replica, i) => wallMs - replica.Value.LastFetchMs > ObserverSessionMs || observers.Count - i >= MaxObservers);
        return replicas.RemoveRange(silent.Select(replica => replica.Key));
    }
}
