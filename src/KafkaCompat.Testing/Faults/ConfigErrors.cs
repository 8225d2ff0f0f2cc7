using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of what is configured: settings, quotas, credentials, access rules, features, the quorum.</summary>
internal static class ConfigErrors
{
    public static DescribeConfigsResponse Of(DescribeConfigsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Resources.Select(resource => new DescribeConfigsResponse.DescribeConfigsResult
            {
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            }),
        ],
    };

    public static AlterConfigsResponse Of(AlterConfigsRequest request, ErrorCode error) => new()
    {
        Responses =
        [
            .. request.Resources.Select(resource => new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            }),
        ],
    };

    public static IncrementalAlterConfigsResponse Of(IncrementalAlterConfigsRequest request, ErrorCode error) => new()
    {
        Responses =
        [
            .. request.Resources.Select(resource => new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            }),
        ],
    };

    public static AlterClientQuotasResponse Of(AlterClientQuotasRequest request, ErrorCode error) => new()
    {
        Entries =
        [
            .. request.Entries.Select(entry => new AlterClientQuotasResponse.EntryData
            {
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
                Entity = [.. entry.Entity.Select(part => new AlterClientQuotasResponse.EntityData { EntityType = part.EntityType, EntityName = part.EntityName })],
            }),
        ],
    };

    public static DescribeUserScramCredentialsResponse Of(DescribeUserScramCredentialsRequest request, ErrorCode error) => new()
    {
        ErrorCode = error,
        ErrorMessage = ErrorAnswers.Message(error),
        Results =
        [
            .. (request.Users ?? []).Select(user => new DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult
            {
                User = user.Name,
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
            }),
        ],
    };

    /// <summary>A user whose credentials are changed in several places is answered once.</summary>
    public static AlterUserScramCredentialsResponse Of(AlterUserScramCredentialsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Deletions.Select(static deletion => deletion.Name).Concat(request.Upsertions.Select(static upsertion => upsertion.Name)).Distinct(StringComparer.Ordinal)
                .Select(user => new AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult
                {
                    User = user,
                    ErrorCode = error,
                    ErrorMessage = ErrorAnswers.Message(error),
                }),
        ],
    };

    public static CreateAclsResponse Of(CreateAclsRequest request, ErrorCode error) => new()
    {
        Results = [.. request.Creations.Select(_ => new CreateAclsResponse.AclCreationResult { ErrorCode = error, ErrorMessage = ErrorAnswers.Message(error) })],
    };

    public static DeleteAclsResponse Of(DeleteAclsRequest request, ErrorCode error) => new()
    {
        FilterResults = [.. request.Filters.Select(_ => new DeleteAclsResponse.DeleteAclsFilterResult { ErrorCode = error, ErrorMessage = ErrorAnswers.Message(error) })],
    };

    public static UpdateFeaturesResponse Of(UpdateFeaturesRequest request, short version, ErrorCode error)
    {
        var answer = new UpdateFeaturesResponse { ErrorCode = error, ErrorMessage = ErrorAnswers.Message(error) };
        if (version > 1) return answer;
        foreach (var update in request.FeatureUpdates)
        {
            answer.Results.Add(new() { Feature = update.Feature, ErrorCode = error, ErrorMessage = ErrorAnswers.Message(error) });
        }

        return answer;
    }

    public static DescribeQuorumResponse Of(DescribeQuorumRequest request, ErrorCode error) => new()
    {
        ErrorCode = error,
        ErrorMessage = ErrorAnswers.Message(error),
        Topics =
        [
            .. request.Topics.Select(topic => new DescribeQuorumResponse.TopicData
            {
                TopicName = topic.TopicName,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new DescribeQuorumResponse.PartitionData
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                        ErrorMessage = ErrorAnswers.Message(error),
                        LeaderId = -1,
                        LeaderEpoch = -1,
                        HighWatermark = -1,
                    }),
                ],
            }),
        ],
    };
}
