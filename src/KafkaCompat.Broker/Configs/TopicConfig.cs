using System.Globalization;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// The settings that hold for one topic: its own, else the node's under the name that Kafka gives them there (<c>log.retention.hours</c> for
/// <c>retention.ms</c>), else Kafka's defaults. Immutable; a change of either makes a new one.
/// </summary>
public sealed class TopicConfig
{
    private readonly ServerConfig _server;
    private readonly IReadOnlyDictionary<string, string> _overrides;

    private TopicConfig(ServerConfig server, IReadOnlyDictionary<string, string> overrides)
    {
        _server = server;
        _overrides = overrides;
        CleanupPolicy = ListOf(ConfigKeys.CleanupPolicy);
        CompressionType = TextOf(ConfigKeys.CompressionType);
        MaxMessageBytes = IntOf(ConfigKeys.MaxMessageBytes);
        MaxDecompressedMessageBytes = IntOf(ConfigKeys.MaxDecompressedMessageBytes);
        MessageTimestampType = TextOf(ConfigKeys.MessageTimestampType);
        MessageTimestampBeforeMaxMs = LongOf(ConfigKeys.MessageTimestampBeforeMaxMs);
        MessageTimestampAfterMaxMs = LongOf(ConfigKeys.MessageTimestampAfterMaxMs);
        SegmentBytes = Parse(ConfigKeys.InternalSegmentBytes, Text(ConfigKeys.InternalSegmentBytes)) is int inner ? inner : IntOf(ConfigKeys.SegmentBytes);
        SegmentMs = LongOf(ConfigKeys.SegmentMs);
        SegmentJitterMs = LongOf(ConfigKeys.SegmentJitterMs);
        SegmentIndexBytes = IntOf(ConfigKeys.SegmentIndexBytes);
        IndexIntervalBytes = IntOf(ConfigKeys.IndexIntervalBytes);
        RetentionMs = LongOf(ConfigKeys.RetentionMs);
        RetentionBytes = LongOf(ConfigKeys.RetentionBytes);
        MaxCompactionLagMs = LongOf(ConfigKeys.MaxCompactionLagMs);
        FileDeleteDelayMs = LongOf(ConfigKeys.FileDeleteDelayMs);
        FlushMessages = LongOf(ConfigKeys.FlushMessages);
        FlushMs = LongOf(ConfigKeys.FlushMs);
        MinInSyncReplicas = IntOf(ConfigKeys.MinInsyncReplicas);
        ReplicaLagTimeMaxMs = server.GetLong(ConfigKeys.ReplicaLagTimeMaxMs);
        Preallocate = (bool)Parse("preallocate", Text("preallocate"))!;
        GzipLevel = IntOf(ConfigKeys.CompressionGzipLevel);
        Lz4Level = IntOf(ConfigKeys.CompressionLz4Level);
        ZstdLevel = IntOf(ConfigKeys.CompressionZstdLevel);
        // Made here, so that all partitions of the topic share them.
        (Log, Produce) = (this.ToLogSettings(), this.ToProduceSettings());
    }

    /// <summary>What its logs go by.</summary>
    public LogSettings Log { get; }

    /// <summary>What batches are checked by that are produced to it.</summary>
    public ProduceSettings Produce { get; }

    public IReadOnlyList<string> CleanupPolicy { get; }

    public bool IsCompacted => CleanupPolicy.Contains("compact");

    public bool IsDeleted => CleanupPolicy.Contains("delete");

    public string CompressionType { get; }

    public int MaxMessageBytes { get; }

    public int MaxDecompressedMessageBytes { get; }

    public string MessageTimestampType { get; }

    public bool IsLogAppendTime => MessageTimestampType == "LogAppendTime";

    public long MessageTimestampBeforeMaxMs { get; }

    public long MessageTimestampAfterMaxMs { get; }

    public int SegmentBytes { get; }

    public long SegmentMs { get; }

    public long SegmentJitterMs { get; }

    public int SegmentIndexBytes { get; }

    public int IndexIntervalBytes { get; }

    public long RetentionMs { get; }

    public long RetentionBytes { get; }

    public long MaxCompactionLagMs { get; }

    public long FileDeleteDelayMs { get; }

    public long FlushMessages { get; }

    public long FlushMs { get; }

    public int MinInSyncReplicas { get; }

    /// <summary>The node's, for all topics.</summary>
    public long ReplicaLagTimeMaxMs { get; }

    public bool Preallocate { get; }

    public int GzipLevel { get; }

    public int Lz4Level { get; }

    public int ZstdLevel { get; }

    /// <summary>The settings of a topic with <paramref name="overrides"/> of its own. They were checked when they were made, by <see cref="Check"/>.</summary>
    public static TopicConfig Create(ServerConfig server, IReadOnlyDictionary<string, string>? overrides = null) =>
        new(server, overrides ?? System.Collections.Immutable.ImmutableDictionary<string, string>.Empty);

    /// <summary>
    /// Adds a problem for each setting of the node that topics without one of their own could not have. The rules of topics are stricter in places, and would
    /// only show with the first topic.
    /// </summary>
    internal static void CheckDefaults(ServerConfig config, SettingProblems problems)
    {
        foreach (var key in ConfigCatalog.Topic)
        {
            var synonym = key.Synonyms.FirstOrDefault(synonym => config.IsSet(synonym.Name));
            if (synonym.Name is not { } name || !problems.IsSound(name)) continue;
            var text = config.GetText(name)!;
            if (!key.TryParse(Scaled(key, text, synonym.Factor), out _, out var problem))
                problems.Add(problem.Replace($"configuration {key.Name}:", $"configuration {name}:", StringComparison.Ordinal), name);
        }
    }

    /// <summary>What is wrong with a topic's setting in Kafka's words; null when nothing is. A null value takes the setting back.</summary>
    public static string? Check(string name, string? value)
    {
        var key = ConfigCatalog.FindTopic(name);
        return key is null ? $"Unknown topic config name: {name}"
            : value is null || key.TryParse(value, out _, out var problem) ? null : problem;
    }

    /// <summary>The text in force for a topic's setting, and where it comes from.</summary>
    public string? Text(string name, out TopicConfigOrigin origin, out string? brokerName)
    {
        brokerName = null;
        if (_overrides.TryGetValue(name, out var text))
        {
            origin = TopicConfigOrigin.Topic;
            return text;
        }

        var key = ConfigCatalog.FindTopic(name) ?? throw new ArgumentException($"A topic has no setting {name}.", nameof(name));
        foreach (var (synonym, factor) in key.Synonyms)
        {
            if (!_server.IsSet(synonym))
            {
                continue;
            }

            brokerName = synonym;
            origin = TopicConfigOrigin.Broker;
            text = _server.GetText(synonym)!;
            return Scaled(key, text, factor);
        }

        origin = TopicConfigOrigin.Default;
        return key.Default;
    }

    private string? Text(string name) => Text(name, out _, out _);

    private int IntOf(string name) => (int)Parse(name, Text(name))!;

    private long LongOf(string name) => (long)Parse(name, Text(name))!;

    private string TextOf(string name) => (string)Parse(name, Text(name))!;

    private List<string> ListOf(string name) => (List<string>)Parse(name, Text(name))!;

    private static object? Parse(string name, string? text) =>
        ConfigCatalog.FindTopic(name)!.TryParse(text, out var value, out var problem) ? value : throw new ConfigurationException(problem);

    /// <summary>Hours and minutes become milliseconds; a negative retention means "without end" in any unit.</summary>
    internal static string Scaled(ConfigKey key, string text, long factor)
    {
        var isRetention = key.Name == ConfigKeys.RetentionMs;
        if ((factor == 1 && !isRetention) || JavaText.Number(JavaText.Trim(text)) is not { } number) return text;
        return number >= 0 ? factor == 1 ? text : (number * factor).ToString(CultureInfo.InvariantCulture)
            : isRetention ? "-1" : (number * factor).ToString(CultureInfo.InvariantCulture);
    }
}
