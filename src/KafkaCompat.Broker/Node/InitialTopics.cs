using System.Collections.Concurrent;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The topics of <c>kafkacompat.topics</c>. Those that do not exist are created before the node says that it is ready, and a node that lacks one is not ready.
/// One that exists stays as it is.
/// </summary>
public sealed class InitialTopics
{
    private const int TimeoutMs = 30_000;

    private readonly ServerConfig _config;
    private readonly BrokerMetadata _metadata;
    private readonly IControllerChannel _controller;
    private readonly ILogger _logger;

    /// <summary>Those that were refused, with the reason.</summary>
    private readonly ConcurrentDictionary<string, string> _refused = new(StringComparer.Ordinal);

    internal InitialTopics(ServerConfig config, BrokerMetadata metadata, IControllerChannel controller, ILogger logger)
    {
        _config = config;
        _metadata = metadata;
        _controller = controller;
        _logger = logger;
    }

    /// <summary>Why a start could not create those of them that do not exist, a line for each topic, as far as the settings tell.</summary>
    public static IEnumerable<(string Topic, string Line)> Problems(ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        foreach (var topic in config.Topics)
        {
            if (WhyNot(config, topic) is { } reason) yield return (topic.Name, $"{topic.Name}: {reason}");
        }
    }

    /// <summary>Why a topic cannot be created with these settings; null where they are not in the way. A start and a check say the same.</summary>
    private static string? WhyNot(ServerConfig config, InitialTopic topic)
    {
        var (partitions, replicas) = (topic.Partitions ?? config.GetInt(ConfigKeys.NumPartitions), config.GetInt(ConfigKeys.DefaultReplicationFactor));
        return partitions > ControllerSettings.MaxPartitionsPerRequest
            ? Line($"{partitions} partitions are more than a request may create, {ControllerSettings.MaxPartitionsPerRequest}.")
            : replicas > 1 ? Line($"{ConfigKeys.DefaultReplicationFactor} asks for {replicas} replicas of a partition, and there is one node.")
            : null;

        static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Creates those that do not exist. Completes whatever comes of it.</summary>
    internal async Task Create()
    {
        var asked = new List<Task<CreateTopicsResponse>>();
        foreach (var topic in _config.Topics)
        {
            if (_metadata.Current.FindTopic(topic.Name) is not { } existing)
            {
                if (WhyNot(_config, topic) is { } reason)
                {
                    Refuse(topic.Name, reason);
                    continue;
                }

                // A request each: one that asks for too much is refused as a whole, and the other topics are not to blame.
                asked.Add(_controller.Ask(new CreateTopicsRequest
                {
                    TimeoutMs = TimeoutMs,
                    Topics =
                    {
                        new()
                        {
                            Name = topic.Name,
                            NumPartitions = topic.Partitions ?? _config.GetInt(ConfigKeys.NumPartitions),
                            ReplicationFactor = (short)_config.GetInt(ConfigKeys.DefaultReplicationFactor),
                        },
                    },
                }));
            }
            else if (topic.Partitions is { } wanted && wanted != existing.Partitions.Count)
            {
                BrokerNodeLogMessages.InitialTopicDiffers(_logger, topic.Name, existing.Partitions.Count, wanted);
            }
        }

        foreach (var result in (await Task.WhenAll(asked)).SelectMany(static response => response.Topics))
        {
            if (result.ErrorCode is ErrorCode.None or ErrorCode.TopicAlreadyExists) continue;
            Refuse(result.Name, $"{result.ErrorCode}. {result.ErrorMessage}".Trim());
        }

        void Refuse(string topic, string reason)
        {
            BrokerNodeLogMessages.InitialTopicNotCreated(_logger, topic, reason);
            _refused[topic] = reason;
        }
    }

    /// <summary>Those that were refused and that nobody has made since, a line each for people.</summary>
    internal IEnumerable<string> Missing()
    {
        // One that somebody has made and deleted since is not missed: neither is one that the start made.
        foreach (var topic in _refused.Keys.Where(topic => _metadata.Current.FindTopic(topic) is not null)) _ = _refused.TryRemove(topic, out _);
        return _refused.OrderBy(static refused => refused.Key, StringComparer.Ordinal)
            .Select(static refused => $"Topic {refused.Key} of kafkacompat.topics was not created: {refused.Value}");
    }
}
