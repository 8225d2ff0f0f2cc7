using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What stands beside a refusal, and what a refusal does to the rest of its request, as Apache Kafka 4.4 with its StandardAuthorizer has it.</summary>
public sealed class RefusalDetailTests : IAsyncLifetime
{
    private readonly RecordingAuthorizer _rules = new();
    private TestNode _node = null!;
    private MemoryClient _client = null!;

    public ValueTask InitializeAsync()
    {
        _node = TestNode.Start(IWorkThreads.None, new NodeSeams { Authorizer = _rules });
        _client = _node.Connect();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_fetch_that_may_read_nothing_does_not_wait()
    {
        _ = await _node.CreateTopic("secret");
        Deny("secret", AclOperation.Read);
        var fetch = Records.Fetch("secret", 0, maxWaitMs: 600_000);
        fetch.Topics.AddRange(Records.Fetch("nobody", 0).Topics);
        Assert.Equal([ErrorCode.TopicAuthorizationFailed, ErrorCode.UnknownTopicOrPartition], await Errors(fetch));
    }

    [Theory]
    [InlineData("open", "secret")]
    [InlineData("secret", "open")]
    public async Task A_partition_that_may_not_be_read_waits_with_the_others_and_is_not_read_after_the_wait(string first, string second)
    {
        foreach (var topic in (string[])["open", "secret"]) _ = await _node.CreateTopic(topic);
        _ = await Records.Send(_client, "secret", Records.Batch());
        Deny("secret", AclOperation.Read);
        var fetch = Records.Fetch(first, 0, maxWaitMs: 600_000);
        fetch.Topics.AddRange(Records.Fetch(second, 0).Topics);
        _ = await _client.Post(fetch, 12);
        await Eventually.Is(() => _node.Broker.WaitingFetches == 1);
        _ = await Records.Send(_node.Connect(), "open", Records.Batch());
        var topics = MemoryClient.Decode<FetchRequest, FetchResponse>((await _client.Receive())!, 12).Responses;
        Assert.Equal([first, second], topics.Select(static topic => topic.Topic));
        Assert.All(topics, topic => Assert.Equal(
            topic.Topic == "secret" ? (ErrorCode.TopicAuthorizationFailed, 0) : (ErrorCode.None, 1),
            (topic.Partitions[0].ErrorCode, Records.BaseOffsets(topic.Partitions[0].Records).Count)));
    }

    [Fact]
    public async Task What_a_fetch_reads_after_its_wait_is_asked_about_again()
    {
        _ = await _node.CreateTopic("open");
        _ = await _client.Post(Records.Fetch("open", 0, maxWaitMs: 600_000), 12);
        await Eventually.Is(() => _node.Broker.WaitingFetches == 1);
        Deny("open", AclOperation.Read);
        _ = await Records.Send(_node.Connect(), "open", Records.Batch());
        var told = MemoryClient.Decode<FetchRequest, FetchResponse>((await _client.Receive())!, 12).Responses[0].Partitions[0];
        Assert.Equal((ErrorCode.TopicAuthorizationFailed, 0), (told.ErrorCode, told.Records?.Length ?? 0));
    }

    [Fact]
    public async Task A_page_of_topics_does_not_go_on_at_one_that_may_not_be_seen()
    {
        foreach (var topic in (string[])["a", "b-secret", "c"]) _ = await _node.CreateTopic(topic, 2);
        Deny("b-secret", AclOperation.Describe);
        foreach (var named in (string[][])[[], ["a", "b-secret", "c"]])
        {
            var request = new DescribeTopicPartitionsRequest { ResponsePartitionLimit = 2 };
            foreach (var name in named) request.Topics.Add(new() { Name = name });
            var page = await _client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
            Assert.Equal(("c", 0), (page.NextCursor?.TopicName, page.NextCursor?.PartitionIndex));
            Assert.Equal(named.Length == 0 ? ["a"] : ["a", "b-secret"], page.Topics.Select(static topic => topic.Name));
            // Those behind the end of the page are told too.
            request.ResponsePartitionLimit = 1;
            page = await _client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
            Assert.Equal(("a", 1), (page.NextCursor?.TopicName, page.NextCursor?.PartitionIndex));
            Assert.Equal(named.Length == 0 ? ["a"] : ["a", "b-secret"], page.Topics.Select(static topic => topic.Name));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task One_key_whose_coordinator_may_not_be_known_is_refused_with_a_text(short version)
    {
        _rules.Denies = static question => question.Operation == AclOperation.Describe;
        var transaction = await _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { Key = "t", KeyType = 1 }, version);
        Assert.Equal(
            (ErrorCode.TransactionalIdAuthorizationFailed, "Transactional Id authorization failed."), (transaction.ErrorCode, transaction.ErrorMessage));
        var group = await _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { Key = "g", KeyType = 0 }, version);
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, "Group authorization failed."), (group.ErrorCode, group.ErrorMessage));
    }

    /// <summary>Rights on topics alone; "all" are both, and "none" of a topic may neither be seen nor deleted.</summary>
    [Theory]
    [InlineData("gone all", "gone all", ErrorCode.UnknownTopicOrPartition)]
    [InlineData("gone describe", "gone describe", ErrorCode.UnknownTopicOrPartition)]
    [InlineData("gone delete", "gone delete", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("gone none", "gone none", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("describe", "describe", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("delete", "delete", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("none", "none", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("all", "all with id", ErrorCode.None)]
    [InlineData("id of gone", "", ErrorCode.UnknownTopicId)]
    [InlineData("id of describe", "describe with id", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("id of delete", "delete with id", ErrorCode.None)]
    [InlineData("id of none", " with id", ErrorCode.TopicAuthorizationFailed)]
    [InlineData("all, id of all", "all with id", ErrorCode.InvalidRequest)]
    [InlineData("id of all, all", "all with id", ErrorCode.InvalidRequest)]
    public async Task A_topic_is_deleted_by_name_or_id_as_the_rights_on_it_have_it(string asked, string told, ErrorCode error)
    {
        var ids = new Dictionary<string, Uuid> { ["gone"] = new(1, 1) };
        foreach (var name in (string[])["all", "describe", "delete", "none"]) ids[name] = await _node.CreateTopic(name);
        _rules.Denies = static question => question.ResourceName is { } name
            && (question.ResourceType == ResourceType.Cluster || name.EndsWith("none", StringComparison.Ordinal)
                || (question.Operation == AclOperation.Delete && name.EndsWith("describe", StringComparison.Ordinal))
                || (question.Operation == AclOperation.Describe && name.EndsWith("delete", StringComparison.Ordinal)));
        var request = new DeleteTopicsRequest { TimeoutMs = 60_000 };
        foreach (var topic in asked.Split(", "))
        {
            request.Topics.Add(topic.StartsWith("id of ", StringComparison.Ordinal)
                ? new() { Name = null, TopicId = ids[topic["id of ".Length..]] }
                : new() { Name = topic });
        }
        var answer = Assert.Single((await _client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(request, 6)).Responses);
        var withId = answer.TopicId != Uuid.Zero && answer.TopicId != ids["gone"] ? " with id" : "";
        Assert.Equal((told, error), (answer.Name + withId, answer.ErrorCode));
        if (error == ErrorCode.TopicAuthorizationFailed) Assert.Equal("Topic authorization failed.", answer.ErrorMessage);
        if (error == ErrorCode.InvalidRequest) Assert.Equal("The provided topic name maps to an ID that was already supplied.", answer.ErrorMessage);
    }

    private async Task<IEnumerable<ErrorCode>> Errors(FetchRequest fetch) =>
        (await _client.Ask<FetchRequest, FetchResponse>(fetch, 12)).Responses.Select(static topic => topic.Partitions[0].ErrorCode);

    private void Deny(string topic, AclOperation operation) =>
        _rules.Denies = (AccessQuestion question) => question.ResourceName == topic && question.Operation == operation;
}
