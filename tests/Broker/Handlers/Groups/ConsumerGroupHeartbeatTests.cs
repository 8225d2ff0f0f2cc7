using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>The consumer protocol is not served yet: a consumer is told what to set instead, and the log names it once.</summary>
public sealed class ConsumerGroupHeartbeatTests
{
    private const string Text = "This broker does not serve the consumer group protocol yet. Set group.protocol=classic in the client.";

    [Fact]
    public async Task A_consumer_is_refused_with_a_text_and_named_in_the_log_once()
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        for (short version = 0; version <= 1; version++)
        {
            var answer = await client.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(
                new() { GroupId = "g", MemberId = "m", RebalanceTimeoutMs = 1000, SubscribedTopicNames = ["t"], TopicPartitions = [] }, version);
            Assert.Equal((ErrorCode.UnsupportedVersion, Text, null), (answer.ErrorCode, answer.ErrorMessage, answer.Assignment));
        }
        Assert.Contains("group.protocol=classic", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_or_topic_that_the_client_may_not_use_comes_first()
    {
        await using var node = await GroupNode.Start();
        var asked = new ConsumerGroupHeartbeatRequest { GroupId = "g", SubscribedTopicNames = [GroupNode.Topic, "t"] };
        node.Rules.Denies = static question => question.ResourceName == "g";
        var group = await node.Client.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(asked, 1);
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, null), (group.ErrorCode, group.ErrorMessage));
        node.Rules.Denies = static question => question.ResourceName == "t";
        var topic = await node.Client.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(asked, 1);
        Assert.Equal((ErrorCode.TopicAuthorizationFailed, null), (topic.ErrorCode, topic.ErrorMessage));
        asked.SubscribedTopicNames = null;
        var unchanged = await node.Client.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(asked, 1);
        Assert.Equal((ErrorCode.UnsupportedVersion, Text), (unchanged.ErrorCode, unchanged.ErrorMessage));
    }
}
