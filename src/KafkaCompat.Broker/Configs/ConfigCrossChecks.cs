using System.Text;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>The rules of Kafka that look at more than one setting, or at more than a range.</summary>
internal static class ConfigCrossChecks
{
    private const string Cordoned = ConfigKeys.CordonedLogDirs;
    private const string LogDirs = ConfigKeys.LogDirs;
    private const string MetadataLogDir = ConfigKeys.MetadataLogDir;
    private const int CompressionTypes = 5;
    private const int LeastDedupeBytesPerThread = 1024 * 1024;

    public static void Check(ServerConfig config, SettingProblems problems)
    {
        CheckConnections(config, problems);
        CheckLogs(config, problems);
        AtMost(ConfigKeys.ReplicaFetchWaitMaxMs, config.GetInt(ConfigKeys.ReplicaFetchWaitMaxMs), ConfigKeys.ReplicaLagTimeMaxMs,
            config.GetLong(ConfigKeys.ReplicaLagTimeMaxMs), "prevent frequent changes in ISR");
        AtMost(
            ConfigKeys.ReplicaFetchWaitMaxMs, config.GetInt(ConfigKeys.ReplicaFetchWaitMaxMs), ConfigKeys.ReplicaSocketTimeoutMs,
            config.GetInt(ConfigKeys.ReplicaSocketTimeoutMs),
            "prevent unnecessary socket timeouts");
        foreach (var codec in (string[])[ConfigKeys.OffsetsTopicCompressionCodec, ConfigKeys.ShareCoordinatorStateTopicCompressionCodec])
        {
            var id = config.GetInt(codec);
            _ = problems.Require(id is >= 0 and < CompressionTypes, $"Invalid value {id} for configuration {codec}: Unknown compression type id", codec);
        }
        CheckCordoned(config, problems);
        GroupBounds.Check(config, problems);
        TopicConfig.CheckDefaults(config, problems);

        void AtMost(string smaller, long least, string larger, long most, string purpose) =>
            _ = problems.Require(least <= most, $"{smaller} should always be less than or equal to {larger} to {purpose}", smaller, larger);
    }

    /// <summary>What could not be opened or written down later.</summary>
    public static void CheckFiles(ServerConfig config, SettingProblems problems)
    {
        foreach (var setting in (string[])[LogDirs, ConfigKeys.LogDir, MetadataLogDir])
        {
            // Looked at as it was written: where Java drops a null character at an end, it would name another folder than whoever wrote it sees.
            if (config.Explicit.TryGetValue(setting, out var text) && text.Contains('\0'))
                problems.Add($"{setting} has a null character in a path. File systems do not take it.", setting);
        }
        _ = problems.Require(
            config.GetString(MetadataLogDir) is not "",
            $"{MetadataLogDir} is empty: name a folder, or remove the setting to keep the metadata log in the first of {LogDirs}.", MetadataLogDir);
        if (config.GetString(ConfigKeys.BrokerRack) is { } rack && Encoding.UTF8.GetByteCount(rack) is > short.MaxValue and var bytes)
            problems.Add($"broker.rack has {bytes} bytes: {short.MaxValue} at most fit into the registration of a broker.", ConfigKeys.BrokerRack);
    }

    private static void CheckConnections(ServerConfig config, SettingProblems problems)
    {
        var overrides = 0;
        try
        {
            overrides = ConnectionOverrides.Parse(config.GetString(ConnectionOverrides.Setting) ?? "").Count;
        }
        catch (ConfigurationException e)
        {
            foreach (var problem in e.Problems) problems.Add(problem.Message, ConnectionOverrides.Setting);
        }
        _ = problems.Require(
            config.GetInt(ConfigKeys.MaxConnectionsPerIp) > 0 || overrides > 0,
            "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.", ConfigKeys.MaxConnectionsPerIp,
            ConnectionOverrides.Setting);
        _ = problems.Require(
            config.GetLong(ConfigKeys.QueuedMaxRequestBytes) is var queued && (queued <= 0 || queued >= config.GetInt(ConfigKeys.SocketRequestMaxBytes)),
            "queued.max.request.bytes must be larger or equal to socket.request.max.bytes", ConfigKeys.QueuedMaxRequestBytes, ConfigKeys.SocketRequestMaxBytes);
        var (delay, idle) = (config.GetInt(ConfigKeys.ConnectionFailedAuthenticationDelayMs), config.GetLong(ConfigKeys.ConnectionsMaxIdleMs));
        _ = problems.Require(
            idle < 0 || delay < idle,
            $"connection.failed.authentication.delay.ms={delay} should always be less than connections.max.idle.ms={idle} to prevent failed authentication "
                + "responses from timing out",
            ConfigKeys.ConnectionsMaxIdleMs, ConfigKeys.ConnectionFailedAuthenticationDelayMs);
    }

    private static void CheckLogs(ServerConfig config, SettingProblems problems)
    {
        _ = problems.Require(config.LogDirs.Count > 0, "At least one log directory must be defined via log.dirs or log.dir.", LogDirs, ConfigKeys.LogDir);
        _ = problems.Require(RetentionMs(config) != 0, "log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
            Given(ConfigKeys.LogRetentionMs, ConfigKeys.LogRetentionMinutes, ConfigKeys.LogRetentionHours));
        var threads = config.GetInt(ConfigKeys.LogCleanerThreads);
        _ = problems.Require(threads > 0, $"Invalid value {threads} for configuration log.cleaner.threads: Value must be at least 1",
            ConfigKeys.LogCleanerThreads);
        _ = problems.Require(
            threads <= 0 || config.GetLong(ConfigKeys.LogCleanerDedupeBufferSize) / threads > LeastDedupeBytesPerThread,
            "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.", ConfigKeys.LogCleanerDedupeBufferSize, ConfigKeys.LogCleanerThreads);

        string Given(params string[] names) => Array.Find(names, config.IsSet) ?? names[0];
    }

    private const long MsAMinute = 60_000;
    private const long MsAnHour = 60 * MsAMinute;

    private static void CheckCordoned(ServerConfig config, SettingProblems problems)
    {
        var cordoned = config.GetList(Cordoned);
        _ = problems.Require(
            !cordoned.Contains(ServerConfig.AllDirectories) || cordoned.Count == 1, $"When {Cordoned} is set to *, it must not contain other values", Cordoned);
        var missing = cordoned.Except(config.LogDirs, StringComparer.Ordinal).Where(static entry => entry != ServerConfig.AllDirectories).ToList();
        _ = problems.Require(
            missing.Count == 0 || cordoned.Contains(ServerConfig.AllDirectories),
            $"All entries in {Cordoned} must be present in log.dirs or log.dir. Missing entries : {string.Join(", ", missing)}", Cordoned, LogDirs,
            ConfigKeys.LogDir);
    }

    /// <summary>Of the three settings the finest one that is set; less than 0 in any unit is without end.</summary>
    private static long RetentionMs(ServerConfig config)
    {
        if (config.GetOptionalLong(ConfigKeys.LogRetentionMs) is { } ms)
        {
            return ms;
        }

        var (units, factor) = config.GetOptionalInt(ConfigKeys.LogRetentionMinutes) is { } minutes
            ? (minutes, MsAMinute)
            : (config.GetInt(ConfigKeys.LogRetentionHours), MsAnHour);
        return units * factor;
    }
}
