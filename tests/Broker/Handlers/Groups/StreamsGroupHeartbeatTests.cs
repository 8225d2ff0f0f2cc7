using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>The streams protocol is not served yet: an application is told what to set instead, and the log names it once.</summary>
public sealed class StreamsGroupHeartbeatTests
{
    private const string Text = "This broker does not serve the streams group protocol yet. Set group.protocol=classic in the application.";

    [Fact]
    public async Task An_application_is_refused_with_a_text_and_named_in_the_log_once()
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        for (short version = 0; version <= 1; version++)
        {
            var answer = await client.Ask<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>(new() { GroupId = "g", MemberId = "m" }, version);
            Assert.Equal((ErrorCode.UnsupportedVersion, Text), (answer.ErrorCode, answer.ErrorMessage));
        }
        Assert.Contains("group.protocol=classic", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    /// <summary>All topics of a topology are asked about: sources, repartitions both ways, and changelogs.</summary>
    [Theory]
    [InlineData("source")]
    [InlineData("sink")]
    [InlineData("repartitioned")]
    [InlineData("changelog")]
    public async Task A_group_or_topic_that_the_client_may_not_use_comes_first(string hidden)
    {
        await using var node = await GroupNode.Start();
        var asked = new StreamsGroupHeartbeatRequest
        {
            GroupId = "g",
            Topology = new()
            {
                Subtopologies =
                {
                    new()
                    {
                        SubtopologyId = "0",
                        SourceTopics = { "source" },
                        RepartitionSinkTopics = { "sink" },
                        RepartitionSourceTopics = { new() { Name = "repartitioned" } },
                        StateChangelogTopics = { new() { Name = "changelog" } },
                    },
                },
            },
        };
        Assert.Equal(ErrorCode.UnsupportedVersion, await Ask());
        node.Rules.Denies = question => question.ResourceName == hidden;
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, await Ask());
        node.Rules.Denies = static question => question.ResourceName == "g";
        Assert.Equal(ErrorCode.GroupAuthorizationFailed, await Ask());

        async Task<ErrorCode> Ask() => (await node.Client.Ask<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>(asked, 1)).ErrorCode;
    }
}
