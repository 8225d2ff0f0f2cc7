namespace KafkaCompat.Broker.Configs;

/// <summary>The rules of Kafka that look at more than one setting, or at more than a range.</summary>
internal static class ConfigCrossChecks
{
    private const string Cordoned = "cordoned.log.dirs";

    public static void Check(ServerConfig config)
    {
        Require(config.LogDirs.Count > 0, "At least one log directory must be defined via log.dirs or log.dir.");
        Require(config.LogDirs.Distinct(StringComparer.Ordinal).Count() == config.LogDirs.Count, "Configuration 'log.dirs' values must not be duplicated.");
        var overrides = ConnectionOverrides.Parse(config.GetString("max.connections.per.ip.overrides")!);
        Require(
            config.GetInt("max.connections.per.ip") > 0 || overrides.Count > 0,
            "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.");
        Require(RetentionMs(config) is -1 or >= 1, "log.retention.ms must be unlimited (-1) or, greater than or equal to 1");
        Require(
            (config.GetOptionalLong("log.roll.ms") ?? config.GetInt("log.roll.hours") * 3_600_000L) >= 1,
            "log.roll.ms must be greater than or equal to 1");
        Require(config.GetOptionalLong("log.roll.jitter.ms") is null or >= 0, "log.roll.jitter.ms must be greater than or equal to 0");
        Require(
            config.GetInt("replica.fetch.wait.max.ms") <= config.GetLong("replica.lag.time.max.ms"),
            "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR");
        Require(
            config.GetInt("replica.fetch.wait.max.ms") <= config.GetInt("replica.socket.timeout.ms"),
            "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts");
        Require(
            config.GetInt("group.max.session.timeout.ms") >= config.GetInt("group.min.session.timeout.ms"),
            "group.max.session.timeout.ms must be greater than or equal to group.min.session.timeout.ms");
        Require(
            config.GetInt("offsets.topic.compression.codec") is >= 0 and <= 4,
            $"Invalid value {config.GetInt("offsets.topic.compression.codec")} for configuration offsets.topic.compression.codec: Unknown compression type id");
        Require(
            config.GetInt("broker.heartbeat.interval.ms") * 2L <= config.GetInt("broker.session.timeout.ms"),
            "broker.session.timeout.ms must be at least twice broker.heartbeat.interval.ms");
        Require(
            config.GetLong("log.cleaner.dedupe.buffer.size") / config.GetInt("log.cleaner.threads") > 1024 * 1024,
            "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.");
        Require(
            config.GetLong("queued.max.request.bytes") is var queued && (queued <= 0 || queued >= config.GetInt("socket.request.max.bytes")),
            "queued.max.request.bytes must be larger or equal to socket.request.max.bytes");
        CheckCordoned(config);
        if (GroupBounds.Contradiction(config) is { } problem)
        {
            throw new ConfigurationException(problem);
        }

        // The rules of topics' settings are stricter in places than those of the settings that supply them, which then would only fail with the first topic.
        _ = TopicConfig.Create(config);
    }

    private static void CheckCordoned(ServerConfig config)
    {
        var cordoned = config.GetList(Cordoned);
        Require(!cordoned.Contains(ServerConfig.AllDirectories) || cordoned.Count == 1, $"When {Cordoned} is set to *, it must not contain other values");
        var missing = cordoned.Except(config.LogDirs, StringComparer.Ordinal).Where(static entry => entry != ServerConfig.AllDirectories).ToList();
        Require(missing.Count == 0, $"All entries in {Cordoned} must be present in log.dirs or log.dir. Missing entries : {string.Join(", ", missing)}");
    }

    private static long RetentionMs(ServerConfig config)
    {
        if (config.GetOptionalLong("log.retention.ms") is { } ms)
        {
            return ms;
        }

        var (units, factor) = config.GetOptionalInt("log.retention.minutes") is { } minutes ? (minutes, 60_000L) : (config.GetInt("log.retention.hours"), 3_600_000L);
        return units < 0 ? -1 : units * factor;
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ConfigurationException(message);
        }
    }
}
