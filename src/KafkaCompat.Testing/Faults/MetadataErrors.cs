using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of requests about the cluster.</summary>
internal static class MetadataErrors
{
    /// <summary>The versions whose answers can name a topic by its id alone.</summary>
    private const short NamesCanBeNull = 12;

    /// <summary>
    /// Every topic that was asked for has the error; the brokers are there, for without one a client has nobody left to ask. Above the topics (from version 13)
    /// it stands where it concerns the client as such.
    /// </summary>
    public static MetadataResponse Of(MetadataRequest request, short version, ErrorCode error, BrokerMetadata? metadata, string listener)
    {
        var image = metadata?.Current;
        var asksForAll = request.Topics is null || (version == 0 && request.Topics.Count == 0);
        var topics = asksForAll
            ? image?.Topics.Values.Select(static topic => (Name: (string?)topic.Name, topic.Id)) ?? []
            : request.Topics!.Select(topic => (Name: topic.Name ?? image?.FindTopic(topic.TopicId)?.Name, Id: topic.TopicId));
        var answer = new MetadataResponse
        {
            ClusterId = metadata?.ClusterId,
            ControllerId = metadata?.ControllerId ?? -1,
            ErrorCode = error == ErrorCode.RebootstrapRequired ? error : ErrorCode.None,
            Topics =
            [
                .. topics.Select(topic => new MetadataResponse.MetadataResponseTopic
                {
                    ErrorCode = error,
                    Name = topic.Name ?? (version < NamesCanBeNull ? "" : null),
                    TopicId = topic.Id,
                }),
            ],
        };
        if (answer.Topics.Count == 0) answer.ErrorCode = error;
        if (image is null) return answer;
        foreach (var broker in BrokerMetadata.Endpoints(image, listener, includeFenced: false))
        {
            answer.Brokers.Add(new() { NodeId = broker.NodeId, Host = broker.Host, Port = broker.Port, Rack = broker.Rack });
        }

        return answer;
    }

    public static DescribeTopicPartitionsResponse Of(DescribeTopicPartitionsRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
            {
                ErrorCode = error,
                Name = topic.Name,
            }),
        ],
    };

    /// <summary>A client whose version is refused asks again in one that the answer names.</summary>
    public static ApiVersionsResponse OfVersions(ErrorCode error)
    {
        var answer = new ApiVersionsResponse { ErrorCode = error };
        if (error == ErrorCode.UnsupportedVersion)
        {
            answer.ApiKeys.Add(
                new() { ApiKey = (short)ApiKey.ApiVersions, MinVersion = ApiVersionsRequest.MinVersion, MaxVersion = ApiVersionsRequest.MaxVersion });
        }

        return answer;
    }
}
