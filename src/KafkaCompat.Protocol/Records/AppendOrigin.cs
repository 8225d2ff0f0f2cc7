namespace KafkaCompat.Protocol.Records;

/// <summary>Who hands a batch to a partition's leader.</summary>
public enum AppendOrigin : byte
{
    /// <summary>A Produce request: everything is checked.</summary>
    Client,

    /// <summary>A coordinator of this broker: control batches and any base offset are its right.</summary>
    Coordinator,

    /// <summary>The leader of the partition, which has checked it all.</summary>
    Replication,
}
