using System.Collections.Concurrent;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// Creates topics that a client asked about or that a coordinator needs. One creation a topic is under way at a time; the
/// answer to the client does not wait for it. Replication factors of internal topics are clamped to the number of live
/// brokers, so that Kafka's defaults serve a single node.
/// </summary>
public sealed class TopicCreator(IControllerChannel controller, BrokerMetadata metadata, ServerConfig config, ILogger logger)
{
    private const int TimeoutMs = 30_000;

    /// <summary>Creations under way on behalf of clients; past it a client that asks again finds room.</summary>
    private const int MaxUnderWay = 1_000;

    /// <summary>Topics whose refusal is remembered, so that a client that asks for ever gets one line. Past it no more are logged.</summary>
    internal const int MaxRefused = 1_000;

    private readonly ConcurrentDictionary<string, Task> _underWay = new();
    private readonly NamedOnce<string> _refused = new(MaxRefused);

    /// <summary>
    /// What to say of a topic that does not exist; its creation is started if that is allowed. It counts for the client's quota of changes: past it the
    /// topic is not made, and the client that asks again comes later.
    /// </summary>
    public ErrorCode CreateOnDemand(string name, bool allowedByRequest, RequestContext context)
    {
        if (!TopicNames.IsValid(name, out _)) return ErrorCode.InvalidTopicException;
        if (CreatesFor(allowedByRequest) && _underWay.Count < MaxUnderWay) _ = Create(name, context);
        return ErrorCode.UnknownTopicOrPartition;
    }

    /// <summary>Whether topics are created for a request that names ones that do not exist.</summary>
    public bool CreatesFor(bool allowedByRequest) => allowedByRequest && config.GetBool(ConfigKeys.AutoCreateTopicsEnable);

    /// <summary>Creates a topic with the node's defaults, or those of the internal topic of that name. Completes whatever comes of it.</summary>
    public Task Create(string name, RequestContext? client = null) =>
        _underWay.GetOrAdd(name, static (key, call) => call.Creator.CreateNow(key, call.Client), (Creator: this, Client: client));

    /// <summary>The creation of a topic that is under way; done where none is.</summary>
    internal Task UnderWay(string name) => _underWay.GetValueOrDefault(name, Task.CompletedTask);

    /// <summary>Done when no creation is under way any more; the controller, which has ended, has answered or refused each.</summary>
    internal async Task Ended() => await Task.WhenAll(_underWay.Values)
        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private async Task CreateNow(string name, RequestContext? client)
    {
        try
        {
            // Leave the caller's thread first: the entry has to be in the table before it is taken out.
            await Task.Yield();
            var request = new CreateTopicsRequest { TimeoutMs = TimeoutMs, Topics = { TopicOf(name) } };
            var answer = await controller.Forward(client is null ? new ForwardedRequest(request, CreateTopicsRequest.MaxVersion)
                : ForwardedRequest.Of(request, client) with { Version = CreateTopicsRequest.MaxVersion });
            if (answer.Response is CreateTopicsResponse { Topics: [var result] }) Log(result, client);
        }
        finally
        {
            _ = _underWay.TryRemove(name, out _);
        }
    }

    /// <summary>Whoever named the topic only learns that it does not exist. The line is written again when the error is another one.</summary>
    private void Log(CreateTopicsResponse.CreatableTopicResult result, RequestContext? client)
    {
        // A client over its quota comes again, and whoever else made the topic has done what was asked.
        if (result.ErrorCode is ErrorCode.None or ErrorCode.TopicAlreadyExists or ErrorCode.ThrottlingQuotaExceeded)
        {
            _refused.Forget(result.Name);
            return;
        }

        if (!_refused.Add(result.Name, out var isLast, (int)result.ErrorCode)) return;
        var message = result.ErrorMessage ?? "";
        if (client is null) TopicCreatorLogMessages.NotCreated(logger, result.Name, result.ErrorCode, message);
        else TopicCreatorLogMessages.NotCreatedForClient(logger, result.Name, client.ClientId ?? "", result.ErrorCode, message);
        if (isLast) TopicCreatorLogMessages.NoMoreLogged(logger, MaxRefused);
    }

    private CreateTopicsRequest.CreatableTopic TopicOf(string name) => name switch
    {
        InternalTopics.Offsets => Internal(name, ConfigKeys.OffsetsTopicNumPartitions, ConfigKeys.OffsetsTopicReplicationFactor,
            (ConfigKeys.CompressionType, "producer"), (ConfigKeys.CleanupPolicy, "compact"),
            (ConfigKeys.SegmentBytes, Text(ConfigKeys.OffsetsTopicSegmentBytes))),
        InternalTopics.Transactions => Internal(name, ConfigKeys.TransactionStateLogNumPartitions, ConfigKeys.TransactionStateLogReplicationFactor,
            (ConfigKeys.CompressionType, "uncompressed"), (ConfigKeys.CleanupPolicy, "compact"),
            (ConfigKeys.SegmentBytes, Text(ConfigKeys.TransactionStateLogSegmentBytes)),
            (ConfigKeys.MinInsyncReplicas, Text(ConfigKeys.TransactionStateLogMinIsr)), (ConfigKeys.UncleanLeaderElectionEnable, "false")),
        InternalTopics.ShareGroups => Internal(name, ConfigKeys.ShareCoordinatorStateTopicNumPartitions, ConfigKeys.ShareCoordinatorStateTopicReplicationFactor,
            (ConfigKeys.CompressionType, "uncompressed"), (ConfigKeys.CleanupPolicy, "delete"),
            (ConfigKeys.SegmentBytes, Text(ConfigKeys.ShareCoordinatorStateTopicSegmentBytes)),
            (ConfigKeys.MinInsyncReplicas, Text(ConfigKeys.ShareCoordinatorStateTopicMinIsr)), (ConfigKeys.RetentionMs, "-1")),
        _ => new()
        {
            Name = name,
            NumPartitions = config.GetInt(ConfigKeys.NumPartitions),
            ReplicationFactor = (short)config.GetInt(ConfigKeys.DefaultReplicationFactor)
        },
    };

    private CreateTopicsRequest.CreatableTopic Internal(string name, string partitions, string replicationFactor,
        params ReadOnlySpan<(string Name, string Value)> configs)
    {
        var live = BrokerMetadata.LiveBrokers(metadata.Current);
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = config.GetInt(partitions),
            ReplicationFactor = (short)Math.Min(config.GetShort(replicationFactor), Math.Max(1, live)),
        };
        foreach (var (key, value) in configs) topic.Configs.Add(new() { Name = key, Value = value });
        return topic;
    }

    private string Text(string name) => config.GetText(name)!;
}
