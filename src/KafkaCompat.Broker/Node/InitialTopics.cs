using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>Creates the topics of <c>kafkacompat.topics</c> that do not exist, before the node says that it is ready. One that exists stays as it is.</summary>
internal static class InitialTopics
{
    private const int TimeoutMs = 30_000;

    public static async Task Create(IReadOnlyList<InitialTopic> topics, BrokerMetadata metadata, IControllerChannel controller, ServerConfig config,
        ILogger logger)
    {
        var asked = new List<Task<CreateTopicsResponse>>();
        foreach (var topic in topics)
        {
            if (metadata.Current.FindTopic(topic.Name) is not { } existing)
            {
                // A request each: one that asks for too much is refused as a whole, and the other topics are not to blame.
                asked.Add(controller.Ask(new CreateTopicsRequest
                {
                    TimeoutMs = TimeoutMs,
                    Topics =
                    {
                        new()
                        {
                            Name = topic.Name,
                            NumPartitions = topic.Partitions ?? config.GetInt(ConfigKeys.NumPartitions),
                            ReplicationFactor = (short)config.GetInt(ConfigKeys.DefaultReplicationFactor),
                        },
                    },
                }));
            }
            else if (topic.Partitions is { } wanted && wanted != existing.Partitions.Count)
            {
                BrokerNodeLogMessages.InitialTopicDiffers(logger, topic.Name, existing.Partitions.Count, wanted);
            }
        }

        foreach (var result in (await Task.WhenAll(asked)).SelectMany(static response => response.Topics))
        {
            if (result.ErrorCode is not (ErrorCode.None or ErrorCode.TopicAlreadyExists))
            {
                BrokerNodeLogMessages.InitialTopicNotCreated(logger, result.Name, result.ErrorCode, result.ErrorMessage ?? "");
            }
        }
    }
}
