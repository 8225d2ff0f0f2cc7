namespace KafkaCompat.Broker.Partitions;

/// <summary>The timestamps of ListOffsets that ask for something else than a record of that time.</summary>
internal static class AskedTimestamps
{
    /// <summary>The end that the reader may see.</summary>
    public const long Latest = -1;

    /// <summary>The start of the log.</summary>
    public const long Earliest = -2;

    /// <summary>The record of the largest timestamp (KIP-734).</summary>
    public const long Max = -3;

    /// <summary>The first offset on a local disk (KIP-405).</summary>
    public const long EarliestLocal = -4;

    /// <summary>The last offset in tiered storage (KIP-1005).</summary>
    public const long LatestTiered = -5;

    /// <summary>The first offset that is still to be uploaded (KIP-1023).</summary>
    public const long EarliestPendingUpload = -6;
}
