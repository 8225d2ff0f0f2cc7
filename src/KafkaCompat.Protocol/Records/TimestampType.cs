namespace KafkaCompat.Protocol.Records;

/// <summary>Who set the timestamps of a batch: the producer, or the broker when it appended.</summary>
public enum TimestampType : sbyte
{
    /// <summary>Messages of magic 0 have no timestamp.</summary>
    None = -1,
    CreateTime = 0,
    LogAppendTime = 1,
}
