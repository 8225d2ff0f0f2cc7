namespace KafkaCompat.Cluster.Quorum;

/// <summary>An answer to whoever asked under a token, in the epoch and with the leader that this replica knows.</summary>
public abstract record RaftReply(long Token, int Epoch, int LeaderId)
{
    /// <summary>A vote, or none.</summary>
    public sealed record Vote(long Token, int Epoch, int LeaderId, bool IsGranted) : RaftReply(Token, Epoch, LeaderId);

    /// <summary>A leader's word was heard; it counts where the epoch is that of the word.</summary>
    public sealed record Heard(long Token, int Epoch, int LeaderId) : RaftReply(Token, Epoch, LeaderId);

    /// <summary>Not the leader of the epoch that was asked.</summary>
    public sealed record NotLeader(long Token, int Epoch, int LeaderId) : RaftReply(Token, Epoch, LeaderId);

    /// <summary>The logs agree up to the offset: the caller sends what is behind it.</summary>
    public sealed record Records(long Token, int Epoch, int LeaderId, long FromOffset, long HighWatermark) : RaftReply(Token, Epoch, LeaderId);

    /// <summary>The logs differ; they may agree up to here.</summary>
    public sealed record Diverging(long Token, int Epoch, int LeaderId, EpochEnd End) : RaftReply(Token, Epoch, LeaderId);

    /// <summary>What is asked for is in a snapshot.</summary>
    public sealed record Snapshot(long Token, int Epoch, int LeaderId, SnapshotId Id) : RaftReply(Token, Epoch, LeaderId);
}
