namespace KafkaCompat.Broker.Coordination;

/// <summary>What bounds a <see cref="ShardLoop{TShard}"/>, whatever its shard.</summary>
internal static class ShardBounds
{
    /// <summary>Commands that wait for their turn. Past it a client is asked to come back: it is its own queue that is too long.</summary>
    public const int MaxQueued = 10_000;

    /// <summary>What is done in one go. The rest has its turn behind others: the thread may be a socket's, with connections of its own.</summary>
    public const int MaxItemsPerTurn = 64;

    /// <summary>Pieces of what is due that are done before a command is decided which looks at them. A listing of groups looks at all.</summary>
    public const int MaxStepsBeforeCommand = 1_000;

    /// <summary>The pause before what is due is tried again that the log has refused. Kafka's, too.</summary>
    public const int RefusedRetryMs = 500;

    /// <summary>The pause before the log is read again; it doubles with each load in a row that fails, up to <see cref="MaxReloadDelayMs"/>.</summary>
    public const int ReloadDelayMs = 1_000;

    public const int MaxReloadDelayMs = 60_000;
}
