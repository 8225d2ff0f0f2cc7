using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Share groups are not served yet: a share consumer is told what to use instead, and the log names it once.</summary>
public sealed class ShareGroupHeartbeatTests
{
    private const string Text = "This broker does not serve share groups yet. Use a consumer group.";

    [Fact]
    public async Task A_share_consumer_is_refused_with_a_text_and_named_in_the_log_once()
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        for (var i = 0; i < 2; i++)
        {
            var answer = await client.Ask<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(
                new() { GroupId = "g", MemberId = "m", RackId = "r", SubscribedTopicNames = ["t"] }, 1);
            Assert.Equal((ErrorCode.UnsupportedVersion, Text, null), (answer.ErrorCode, answer.ErrorMessage, answer.Assignment));
        }
        Assert.Contains("asked for share groups", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_or_topic_that_the_client_may_not_use_comes_first()
    {
        await using var node = await GroupNode.Start();
        var asked = new ShareGroupHeartbeatRequest { GroupId = "g", SubscribedTopicNames = [GroupNode.Topic, "t"] };
        node.Rules.Denies = static question => question.ResourceName == "g";
        Assert.Equal(ErrorCode.GroupAuthorizationFailed, (await node.Client.Ask<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(asked, 1)).ErrorCode);
        node.Rules.Denies = static question => question.ResourceName == "t";
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, (await node.Client.Ask<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(asked, 1)).ErrorCode);
        asked.SubscribedTopicNames = null;
        Assert.Equal(ErrorCode.UnsupportedVersion, (await node.Client.Ask<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(asked, 1)).ErrorCode);
    }
}
