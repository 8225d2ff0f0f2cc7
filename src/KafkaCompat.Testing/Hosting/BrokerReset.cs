using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Node;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing.Hosting;

/// <summary>
/// Takes everything away that clients have made, through the controller as any client would: topics, the internal ones with all groups, offsets and
/// transactions among them; settings of brokers, groups and subscriptions; quotas; credentials. Producer ids go on, so that a producer that lives on meets no
/// other with its own.
/// </summary>
internal static class BrokerReset
{
    private const int TimeoutMs = 30_000;

    /// <summary>How often it looks again for what clients make meanwhile: topics that they ask for come to be by themselves.</summary>
    private const int MaxRounds = 5;

    /// <summary>Settings become those of <paramref name="start"/>: formatting a cluster gives it some.</summary>
    public static async Task Run(BrokerNode node, MetadataImage start)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var image = node.Broker.Metadata.Current;
            var configs = image.Configs.Keys.Union(start.Configs.Keys)
                .Where(resource => resource.Type != ConfigResourceType.Topic && !image.ConfigsOf(resource).SequenceEqual(start.ConfigsOf(resource))).ToList();
            if (image.Topics.IsEmpty && configs.Count == 0 && image.ClientQuotas.IsEmpty && image.ScramCredentials.IsEmpty) return;
            await DeleteTopics(node, image).ConfigureAwait(false);
            foreach (var resource in configs)
            {
                await ResetConfigs(node, resource, start).ConfigureAwait(false);
            }

            await RemoveQuotas(node, image).ConfigureAwait(false);
            await RemoveCredentials(node, image).ConfigureAwait(false);
        }

        throw new KafkaCompatException($"Clients make topics as fast as a reset deletes them: {string.Join(", ", node.Broker.Metadata.Current.Topics.Keys)}.");
    }

    private static async Task ResetConfigs(BrokerNode node, ConfigResource resource, MetadataImage start)
    {
        var asked = new AlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = (sbyte)resource.Type,
            ResourceName = resource.Name,
            Configs =
                [.. start.ConfigsOf(resource).Select(static config => new AlterConfigsRequest.AlterableConfig { Name = config.Key, Value = config.Value })],
        };
        var answer = await node.Controller.Ask(new AlterConfigsRequest { Resources = { asked } }).ConfigureAwait(false);
        if (answer.Responses is [{ ErrorCode: not ErrorCode.None } refused])
        {
            throw new KafkaCompatException(refused.ErrorCode, $"The settings of {resource.Type} {resource.Name} cannot be removed: {refused.ErrorMessage}");
        }
    }

    private static async Task DeleteTopics(BrokerNode node, MetadataImage image)
    {
        if (image.Topics.IsEmpty) return;
        var request = new DeleteTopicsRequest
        {
            TimeoutMs = TimeoutMs,
            Topics = [.. image.Topics.Values.Select(static topic => new DeleteTopicsRequest.DeleteTopicState { TopicId = topic.Id })],
        };
        var answer = await node.Controller.Ask(request).ConfigureAwait(false);
        foreach (var topic in answer.Responses)
        {
            if (topic.ErrorCode is not (ErrorCode.None or ErrorCode.UnknownTopicId))
            {
                throw new KafkaCompatException(topic.ErrorCode,
                    $"Topic {topic.Name} cannot be deleted: {KafkaCompatException.Reason(topic.ErrorCode, topic.ErrorMessage)}");
            }
        }
    }

    private static async Task RemoveCredentials(BrokerNode node, MetadataImage image)
    {
        if (image.ScramCredentials.IsEmpty) return;
        var request = new AlterUserScramCredentialsRequest
        {
            Deletions = [
                .. image.ScramCredentials.Keys.Select(static key =>
                new AlterUserScramCredentialsRequest.ScramCredentialDeletion { Name = key.User, Mechanism = key.Mechanism })],
        };
        var answer = await node.Controller.Ask(request).ConfigureAwait(false);
        foreach (var user in answer.Results)
        {
            if (user.ErrorCode != ErrorCode.None)
            {
                throw new KafkaCompatException(user.ErrorCode,
                    $"Credentials of {user.User} cannot be removed: {KafkaCompatException.Reason(user.ErrorCode, user.ErrorMessage)}");
            }
        }
    }

    private static async Task RemoveQuotas(BrokerNode node, MetadataImage image)
    {
        if (image.ClientQuotas.IsEmpty) return;
        var request = new AlterClientQuotasRequest
        {
            Entries =
            [
                .. image.ClientQuotas.Select(static quota => new AlterClientQuotasRequest.EntryData
                {
                    Entity =
                        [.. quota.Key.Parts.Select(static part => new AlterClientQuotasRequest.EntityData { EntityType = part.Key, EntityName = part.Value })],
                    Ops = [.. quota.Value.Keys.Select(static key => new AlterClientQuotasRequest.OpData { Key = key, Remove = true })],
                }),
            ],
        };
        var answer = await node.Controller.Ask(request).ConfigureAwait(false);
        foreach (var entry in answer.Entries)
        {
            if (entry.ErrorCode != ErrorCode.None)
            {
                throw new KafkaCompatException(entry.ErrorCode,
                    $"A quota cannot be removed: {KafkaCompatException.Reason(entry.ErrorCode, entry.ErrorMessage)}");
            }
        }
    }
}
