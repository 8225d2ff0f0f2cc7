using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Where a client is sent with its group, and how it is told that there is no coordinator of the kind.</summary>
public sealed class FindCoordinatorTests
{
    [Fact]
    public async Task The_first_question_creates_the_groups_log()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var first = (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4)).Coordinators[0];
        Assert.Equal(
            ("g", ErrorCode.CoordinatorNotAvailable, "", -1, "", -1), (first.Key, first.ErrorCode, first.ErrorMessage, first.NodeId, first.Host, first.Port));
        await Eventually.Is(async () => (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4))
            .Coordinators[0].ErrorCode == ErrorCode.None);
        var topic = (await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "__consumer_offsets" }] }, 12)).Topics[0];
        Assert.Equal((ErrorCode.None, true, TestNode.OffsetsPartitions), (topic.ErrorCode, topic.IsInternal, topic.Partitions.Count));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "NONE")]
    [InlineData(2, "NONE")]
    [InlineData(3, "NONE")]
    public async Task Up_to_version_3_one_key_is_answered_with_the_word_NONE(short version, string? message)
    {
        await using var node = await GroupNode.Start();
        var found = await node.Client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { Key = "g" }, version);
        Assert.Equal(
            (ErrorCode.None, message ?? "", 1, "localhost", 19092), (found.ErrorCode, found.ErrorMessage ?? "", found.NodeId, found.Host, found.Port));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task From_version_4_on_each_of_several_keys_is_answered_the_empty_one_too(short version)
    {
        await using var node = await GroupNode.Start();
        var found = await node.Client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["a", "b", ""] }, version);
        Assert.Equal(["a", "b", ""], found.Coordinators.Select(static one => one.Key));
        Assert.All(found.Coordinators, static one =>
            Assert.Equal((ErrorCode.None, "", 1, "localhost", 19092), (one.ErrorCode, one.ErrorMessage, one.NodeId, one.Host, one.Port)));
    }

    [Theory]
    [InlineData(9, 6)]
    [InlineData(-1, 4)]
    [InlineData(3, 2)]
    public async Task A_type_of_key_that_there_is_not_is_refused_in_Kafkas_words(sbyte keyType, short version)
    {
        await using var node = TestNode.Start();
        var found = await node.Connect().Ask<FindCoordinatorRequest, FindCoordinatorResponse>(
            version < 4 ? new() { KeyType = keyType, Key = "a" } : new() { KeyType = keyType, CoordinatorKeys = ["a"] }, version);
        var (error, message) = version < 4 ? (found.ErrorCode, found.ErrorMessage) : (found.Coordinators[0].ErrorCode, found.Coordinators[0].ErrorMessage);
        Assert.Equal(ErrorCode.InvalidRequest, error);
        Assert.Equal(
            "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. "
            + "See the broker logs for more details.", message);
    }

    /// <summary>Not served yet: with this error every client gives up, and shows the text.</summary>
    [Theory]
    [InlineData("apache-kafka-java", ErrorCode.UnsupportedVersion)]
    [InlineData("librdkafka", ErrorCode.TransactionalIdAuthorizationFailed)]
    [InlineData(null, ErrorCode.TransactionalIdAuthorizationFailed)]
    public async Task A_transactional_id_is_refused_so_that_the_client_gives_up_and_says_why(string? software, ErrorCode expected)
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        if (software is not null)
            _ = await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = software, ClientSoftwareVersion = "1" }, 3);
        const string text = "This broker does not serve transactions yet. A producer without transactional.id is served, and is idempotent.";
        for (var i = 0; i < 3; i++)
        {
            var found = (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = 1, CoordinatorKeys = ["tx"] }, 4)).Coordinators[0];
            Assert.Equal((expected, text, -1), (found.ErrorCode, found.ErrorMessage, found.NodeId));
            var old = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = 1, Key = "tx" }, 2);
            Assert.Equal((expected, text, -1), (old.ErrorCode, old.ErrorMessage, old.NodeId));
        }
        Assert.Contains("asked for transactions", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    /// <summary>Share state is not served yet, and in versions before 6 there is no such key.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task A_key_of_share_state_is_refused_with_a_text(short version)
    {
        await using var node = TestNode.Start();
        var found = (await node.Connect().Ask<FindCoordinatorRequest, FindCoordinatorResponse>(
            new() { KeyType = 2, CoordinatorKeys = [$"g:{GroupNode.NoTopic}:0"] }, version)).Coordinators[0];
        Assert.Equal((ErrorCode.InvalidRequest, "This broker does not serve share groups yet. Use a consumer group."), (found.ErrorCode, found.ErrorMessage));
    }

    [Theory]
    [InlineData(0, ErrorCode.GroupAuthorizationFailed, 3, "Group authorization failed.")]
    [InlineData(0, ErrorCode.GroupAuthorizationFailed, 4, "")]
    [InlineData(1, ErrorCode.TransactionalIdAuthorizationFailed, 4, "")]
    [InlineData(2, ErrorCode.ClusterAuthorizationFailed, 6, "Cluster authorization failed.")]
    public async Task Who_may_not_look_for_a_coordinator_is_told_so_for_the_key(sbyte keyType, ErrorCode error, short version, string message)
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName is "secret" or "kafka-cluster";
        if (version < 4)
        {
            var found = await node.Client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = keyType, Key = "secret" }, version);
            Assert.Equal((error, message), (found.ErrorCode, found.ErrorMessage));
            return;
        }
        var several = await node.Client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(
            new() { KeyType = keyType, CoordinatorKeys = keyType == 0 ? ["secret", "g"] : ["secret"] }, version);
        Assert.Equal((error, message), (several.Coordinators[0].ErrorCode, several.Coordinators[0].ErrorMessage));
        Assert.All(several.Coordinators.Skip(1), static one => Assert.Equal(ErrorCode.None, one.ErrorCode));
        Assert.Contains(node.Rules.Asked, question => question.Operation == (keyType == 2 ? AclOperation.ClusterAction : AclOperation.Describe));
    }
}
