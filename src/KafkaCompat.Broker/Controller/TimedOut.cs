using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// What a request is answered whose time was over before the controller came to it: everything that it names is REQUEST_TIMED_OUT, and nothing of it has
/// been done. A request that the controller has begun is answered when it is done, however long that takes.
/// </summary>
internal static class TimedOut
{
    private const ErrorCode Error = ErrorCode.RequestTimedOut;

    public static CreateTopicsResponse Of(CreateTopicsRequest request) => new()
    {
        Topics = [.. request.Topics.Select(static topic => new CreateTopicsResponse.CreatableTopicResult
        {
            Name = topic.Name,
            ErrorCode = Error,
            ErrorMessage = null,
            NumPartitions = -1,
            ReplicationFactor = -1,
            Configs = [],
        })],
    };

    public static DeleteTopicsResponse Of(DeleteTopicsRequest request) => new()
    {
        Responses =
        [
            .. request.TopicNames.Select(static name => new DeleteTopicsResponse.DeletableTopicResult { Name = name, ErrorCode = Error, ErrorMessage = null }),
            .. request.Topics.Select(static topic => new DeleteTopicsResponse.DeletableTopicResult { Name = topic.Name, TopicId = topic.TopicId, ErrorCode = Error, ErrorMessage = null }),
        ],
    };

    public static CreatePartitionsResponse Of(CreatePartitionsRequest request) => new()
    {
        Results = [.. request.Topics.Select(static topic => new CreatePartitionsResponse.CreatePartitionsTopicResult { Name = topic.Name, ErrorCode = Error, ErrorMessage = null })],
    };

    public static ElectLeadersResponse Of(ElectLeadersRequest request) => new()
    {
        ErrorCode = Error,
        ReplicaElectionResults = [.. (request.TopicPartitions ?? []).Select(static topic => new ElectLeadersResponse.ReplicaElectionResult
        {
            Topic = topic.Topic,
            PartitionResult = [.. topic.Partitions.Select(static partition => new ElectLeadersResponse.PartitionResult { PartitionId = partition, ErrorCode = Error, ErrorMessage = null })],
        })],
    };

    public static AlterPartitionReassignmentsResponse Of(AlterPartitionReassignmentsRequest request) => new()
    {
        ErrorCode = Error,
        ErrorMessage = null,
        AllowReplicationFactorChange = request.AllowReplicationFactorChange,
        Responses = [.. request.Topics.Select(static topic => new AlterPartitionReassignmentsResponse.ReassignableTopicResponse
        {
            Name = topic.Name,
            Partitions = [.. topic.Partitions.Select(static partition => new AlterPartitionReassignmentsResponse.ReassignablePartitionResponse
            {
                PartitionIndex = partition.PartitionIndex,
                ErrorCode = Error,
                ErrorMessage = null,
            })],
        })],
    };
}
