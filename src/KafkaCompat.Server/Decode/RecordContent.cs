namespace KafkaCompat.Server.Decode;

/// <summary>What the records of a log hold.</summary>
internal enum RecordContent
{
    /// <summary>Keys and values of users.</summary>
    Plain,

    /// <summary><c>__cluster_metadata</c>, its snapshots included.</summary>
    Metadata,

    /// <summary><c>__consumer_offsets</c>.</summary>
    Groups,

    /// <summary><c>__transaction_state</c>.</summary>
    Transactions,

    /// <summary><c>__share_group_state</c>.</summary>
    Share,
}
