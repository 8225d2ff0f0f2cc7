using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// The times that a broker gives to the batches of one log, where the topic's timestamps are the broker's. They follow the order of the records, whichever
/// epoch wrote them: a batch may be checked in one and written in the next. Whoever calls holds the partition's lock.
/// </summary>
internal sealed class AppendTimes
{
    private long _lastMs = long.MinValue;

    /// <summary>
    /// A batch that was checked before another that is written already gets the time of its own turn. Where the clock was set back meanwhile, that is the time
    /// it is now, and what was given before does not count any more.
    /// </summary>
    public ProduceVerdict InOrder(in ProduceVerdict verdict, TimeProvider time) =>
        IsBrokers(verdict) && verdict.LogAppendTimeMs < _lastMs ? verdict.AtLogAppendTime(time.WallMs()) : verdict;

    /// <summary>The batch was written with its time.</summary>
    public void Given(in ProduceVerdict verdict)
    {
        if (IsBrokers(verdict)) _lastMs = verdict.LogAppendTimeMs;
    }

    private static bool IsBrokers(in ProduceVerdict verdict) => verdict.LogAppendTimeMs != RecordBatchHeader.NoTimestamp;
}
