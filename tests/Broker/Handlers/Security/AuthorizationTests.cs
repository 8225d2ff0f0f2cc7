using System.Net;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What a client may not see or do is refused element by element, and the rest of its request is answered as ever.</summary>
public sealed class AuthorizationTests
{
    [Fact]
    public async Task Topics_that_may_not_be_described_are_left_out_of_all_and_refused_by_name()
    {
        var (node, client) = await Start(RecordingAuthorizer.DenyingOn("secret", AclOperation.Describe));
        await using var ended = node;
        var all = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        Assert.Equal(["open"], all.Topics.Select(static topic => topic.Name));
        var named = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "secret" }, new() { Name = "open" }] }, 12);
        Assert.Equal([("open", ErrorCode.None), ("secret", ErrorCode.TopicAuthorizationFailed)],
            named.Topics.Select(static topic => (topic.Name!, topic.ErrorCode)));
        Assert.Equal((Uuid.Zero, 0), (named.Topics[1].TopicId, named.Topics[1].Partitions.Count));
        var paged = await client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(new(), 0);
        Assert.Equal(["open"], paged.Topics.Select(static topic => topic.Name));
    }

    [Fact]
    public async Task A_topic_asked_for_by_id_is_refused_without_its_name()
    {
        var rules = new RecordingAuthorizer();
        var (node, client) = await Start(rules);
        await using var ended = node;
        var id = (await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "secret" }] }, 12)).Topics[0].TopicId;
        rules.Denies = static question => question.ResourceName == "secret" || question.ResourceType == ResourceType.Cluster;
        var told = (await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { TopicId = id, Name = null }] }, 12)).Topics[0];
        Assert.Equal((null, id, ErrorCode.TopicAuthorizationFailed), (told.Name, told.TopicId, told.ErrorCode));
        var deleted = (
            await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { TimeoutMs = 60_000, Topics = { new() { Name = null, TopicId = id } } },
            6)).Responses[0];
        Assert.Equal((null, id, ErrorCode.TopicAuthorizationFailed), (deleted.Name, deleted.TopicId, deleted.ErrorCode));
    }

    [Fact]
    public async Task Records_go_to_and_come_from_the_topics_that_are_allowed()
    {
        var rules = new RecordingAuthorizer();
        var (node, client) = await Start(rules);
        await using var ended = node;
        foreach (var topic in (string[])["open", "secret"]) _ = await Records.Send(client, topic, Records.Batch());
        rules.Denies = static question => question.ResourceName == "secret";
        var produce = Records.Produce("secret", Records.Batch());
        produce.TopicData.AddRange(Records.Produce("open", Records.Batch()).TopicData);
        var produced = await client.Ask<ProduceRequest, ProduceResponse>(produce, 12);
        Assert.Equal(
            [("secret", ErrorCode.TopicAuthorizationFailed, -1), ("open", ErrorCode.None, 1)],
            produced.Responses.Select(static topic => (topic.Name, topic.PartitionResponses[0].ErrorCode, topic.PartitionResponses[0].BaseOffset)));
        var fetch = Records.Fetch("secret", 0);
        fetch.Topics.AddRange(Records.Fetch("open", 0).Topics);
        var fetched = await client.Ask<FetchRequest, FetchResponse>(fetch, 12);
        Assert.Equal([ErrorCode.TopicAuthorizationFailed, ErrorCode.None], fetched.Responses.Select(static topic => topic.Partitions[0].ErrorCode));
        Assert.Equal(0, fetched.Responses[0].Partitions[0].Records?.Length ?? 0);
        Assert.Equal([0, 1], Records.BaseOffsets(fetched.Responses[1].Partitions[0].Records));
    }

    [Fact]
    public async Task Groups_and_offsets_that_may_not_be_seen_are_left_out_of_all_and_refused_by_name()
    {
        var rules = new RecordingAuthorizer();
        var (node, client) = await Start(rules);
        await using var ended = node;
        foreach (var group in (string[])["group", "secret group"]) await AuthorizationProbes.Commit(node, group, "open", "secret");
        rules.Denies = static question => question.ResourceType == ResourceType.Cluster || question.ResourceName is "secret" or "secret group";
        var listed = await client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5);
        Assert.Equal(["group"], listed.Groups.Select(static group => group.GroupId));
        var described = await client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(
            new() { Groups = ["secret group", "group"], IncludeAuthorizedOperations = true }, 5);
        Assert.Equal([(ErrorCode.GroupAuthorizationFailed, int.MinValue), (ErrorCode.None, 3400)],
            described.Groups.Select(static group => (group.ErrorCode, group.AuthorizedOperations)));
        var all = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { Groups = { new() { GroupId = "group", Topics = null } } }, 9);
        Assert.Equal(["open"], all.Groups[0].Topics.Select(static topic => topic.Name));
        List<OffsetFetchRequest.OffsetFetchRequestTopics> topics =
            [new() { Name = "secret", PartitionIndexes = [0] }, new() { Name = "open", PartitionIndexes = [0] }];
        var named = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { Groups = { new() { GroupId = "group", Topics = topics } } }, 9);
        Assert.Equal(
            [("open", 2, ErrorCode.None), ("secret", -1, ErrorCode.TopicAuthorizationFailed)],
            named.Groups[0].Topics.Select(static topic => (topic.Name, topic.Partitions[0].CommittedOffset, topic.Partitions[0].ErrorCode)));
        var old = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { GroupId = "secret group", Topics = null }, 7);
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, 0), (old.ErrorCode, old.Topics.Count));
        var removed = await client.Ask<DeleteGroupsRequest, DeleteGroupsResponse>(new() { GroupsNames = ["secret group", "group"] }, 2);
        Assert.Equal([ErrorCode.GroupAuthorizationFailed, ErrorCode.None], removed.Results.Select(static group => group.ErrorCode));
    }

    [Fact]
    public async Task Topics_are_created_that_may_be_and_settings_shown_that_may_be_seen()
    {
        var rules = RecordingAuthorizer.DenyingOn("hidden", AclOperation.DescribeConfigs);
        var (node, client) = await Start(rules);
        await using var ended = node;
        rules.Denies = static question =>
            question.ResourceName is "kafka-cluster" or "refused" || (question.ResourceName, question.Operation) == ("hidden", AclOperation.DescribeConfigs);
        var request = new CreateTopicsRequest { TimeoutMs = 60_000 };
        foreach (var name in (string[])["refused", "hidden", "shown"]) request.Topics.Add(new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 });
        var created = (await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics;
        Assert.Equal(
            [("hidden", ErrorCode.None, ErrorCode.TopicAuthorizationFailed, -1), ("shown", ErrorCode.None, ErrorCode.None, 1),
                ("refused", ErrorCode.TopicAuthorizationFailed, ErrorCode.None, -1)],
            created.Select(static topic => (topic.Name, topic.ErrorCode, topic.TopicConfigErrorCode, topic.NumPartitions)));
        Assert.Equal("Authorization failed.", created[2].ErrorMessage);
        rules.Denies = static _ => false;
        Assert.Equal(["hidden", "open", "secret", "shown"],
            (await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12)).Topics.Select(static topic => topic.Name).Order());
    }

    [Fact]
    public async Task What_a_client_may_do_is_told_by_the_rules()
    {
        var (node, client) = await Start(RecordingAuthorizer.Denying((AclOperation.Write, ResourceType.Topic), (AclOperation.Alter, ResourceType.Cluster)));
        await using var ended = node;
        var topic = (
            await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "open" }], IncludeTopicAuthorizedOperations = true },
            12)).Topics[0];
        Assert.Equal(3576 & ~(1 << (int)AclOperation.Write), topic.TopicAuthorizedOperations);
        var cluster = await client.Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { IncludeClusterAuthorizedOperations = true }, 2);
        Assert.Equal(8096 & ~(1 << (int)AclOperation.Alter), cluster.ClusterAuthorizedOperations);
    }

    /// <summary>
    /// What the broker forwards is asked about by the controller, in the name of its client; what the node asks for itself is not asked about.
    /// </summary>
    [Fact]
    public async Task A_forwarded_request_is_asked_about_in_the_name_of_its_client()
    {
        var rules = new RecordingAuthorizer();
        await using var node = TestNode.Start(IWorkThreads.None, new NodeSeams { Authorizer = rules });
        Assert.Empty(rules.Asked);
        _ = await node.CreateTopic("t");
        var expected = new AccessQuestion("User:ANONYMOUS", IPAddress.Loopback, "PLAINTEXT", AclOperation.Create, ResourceType.Cluster, "kafka-cluster");
        Assert.Equal([expected, expected with { Operation = AclOperation.DescribeConfigs, ResourceType = ResourceType.Topic, ResourceName = "t" }],
            rules.Asked);
    }

    /// <summary>A node with the topics "open" and "secret", made before the rules hold.</summary>
    private static async Task<(TestNode Node, MemoryClient Client)> Start(RecordingAuthorizer rules)
    {
        var denies = rules.Denies;
        rules.Denies = static _ => false;
        var node = TestNode.Start(IWorkThreads.None, new NodeSeams { Authorizer = rules });
        foreach (var topic in (string[])["open", "secret"]) _ = await node.CreateTopic(topic);
        rules.Denies = denies;
        return (node, node.Connect());
    }
}
