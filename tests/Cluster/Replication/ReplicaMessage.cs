using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>What is on its way between two replicas, or one and the controller (0). Lives are broker epochs: a connection ends with either of them.</summary>
internal abstract record ReplicaMessage(int From, int To, long FromLife, long ToLife);

internal sealed record FetchSent(int From, int To, long FromLife, long ToLife, FollowerAsk Ask, int LastEpoch) : ReplicaMessage(From, To, FromLife, ToLife);

internal sealed record FetchAnswered(int From, int To, long FromLife, long ToLife, FollowerAsk Ask, ErrorCode Error, EpochEnd? Diverging)
    : ReplicaMessage(From, To, FromLife, ToLife)
{
    public IReadOnlyList<LogRecord> Records { get; init; } = [];

    public long HighWatermark { get; init; }

    public long LogStart { get; init; }

    public long LogEnd { get; init; }
}

internal sealed record IsrAsked(int From, long FromLife, IsrChange Change) : ReplicaMessage(From, 0, FromLife, 0);
