using System.Text.Json;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Tests.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>A node that opens one of Kafka's directories decides what Kafka decided when it opened it.</summary>
public sealed class ControllerRestartTests
{
    /// <summary>Directories of one node, stopped cleanly or killed.</summary>
    public static TheoryData<string> Archives =>
    [
        "metadata", "metadata-static", "metadata-raised", "metadata-torn", "basic", "transactions", "transactions-expiring", "transactions-crashed",
        "compacted",
        "groups", "clean-damaged", "checkpoints-lost", "two-dirs",
    ];

    [Theory]
    [MemberData(nameof(Archives))]
    public void Opening_gives_the_leaders_and_epochs_that_Kafka_answers(string name)
    {
        var archive = MetadataArchive.Open(name);
        var node = TestController.Over(archive.Load(out var nextOffset), nextOffset);
        node.Activate();
        var old = node.State.Image.Brokers[1];
        if (!old.IsFenced)
        {
            // The end of the log is torn off, and with it the shutdown.
            Assert.Equal("metadata-torn", name);
            node.Apply(node.State.FenceDeadBroker(1));
        }

        node.Register(old.LogDirs, previousEpoch: old.Epoch);
        node.Heartbeat();
        foreach (var (_, answer) in archive.Answers("Metadata"))
        {
            foreach (var topic in answer.GetProperty("topics").EnumerateArray())
            {
                foreach (var partition in topic.GetProperty("partitions").EnumerateArray())
                {
                    var index = partition.GetProperty("partitionIndex").GetInt32();
                    var ours = node.State.Image.FindPartition(Uuid.Parse(topic.GetProperty("topicId").GetString()), index)!;
                    Assert.Equal(
                        (partition.GetProperty("leaderId").GetInt32(), partition.GetProperty("leaderEpoch").GetInt32(),
                            Text(partition.GetProperty("isrNodes"))),
                        (ours.Leader, ours.LeaderEpoch, $"[{string.Join(",", ours.Isr)}]"));
                }
            }
        }
    }

    [Fact]
    public void A_restart_after_a_clean_shutdown_raises_each_leader_epoch_by_two()
    {
        var node = TestController.New();
        node.CreateTopic("t", 2);
        for (var restart = 1; restart <= 3; restart++)
        {
            var epoch = node.State.Image.Brokers[1].Epoch;
            Assert.False(node.Heartbeat(wantShutDown: true).ShouldShutDown);
            Assert.True(node.Heartbeat(wantShutDown: true).ShouldShutDown);
            Assert.Equal(-1, node.State.Image.FindPartition("t", 0)!.Leader);
            node = TestController.Over(node.Log, node.State.NextOffset + 1);
            node.Activate();
            node.Register([TestController.Directory], epoch);
            node.Heartbeat();
            var partition = node.State.Image.FindPartition("t", 1)!;
            Assert.Equal((1, 2 * restart, false), (partition.Leader, partition.LeaderEpoch, partition.IsRecovering));
            Assert.Empty(partition.Elr);
            Assert.Empty(partition.LastKnownElr);
        }
    }

    [Fact]
    public void A_restart_after_a_kill_fences_the_dead_incarnation_and_elects_the_last_known_leader()
    {
        var node = TestController.New();
        node.CreateTopic("t", 1);
        node = TestController.Over(node.Log, node.State.NextOffset + 1);
        node.Activate();

        // As long as the old session may be alive the registration is refused, unless the node knows that it is dead.
        var refused = node.State.Decide(node.Registration([TestController.Directory], -1), node.Now);
        Assert.Equal(ErrorCode.DuplicateBrokerRegistration, refused.Reply.ErrorCode);
        var fenced = node.Apply(node.State.FenceDeadBroker(1));
        Assert.Equal(
            ["""PartitionChangeRecord {"isr":[],"leader":-1,"eligibleLeaderReplicas":[1],"lastKnownElr":[1]}""",
                """BrokerRegistrationChangeRecord {"fenced":1}"""],
            fenced);
        var registered = node.Register([TestController.Directory], previousEpoch: -1);
        Assert.Equal("""PartitionChangeRecord {"eligibleLeaderReplicas":[]}""", registered[0]);
        node.Heartbeat();
        var partition = node.State.Image.FindPartition("t", 0)!;
        Assert.Equal((1, 2, true), (partition.Leader, partition.LeaderEpoch, partition.IsRecovering));
    }

    /// <summary>
    /// What Apache Kafka 4.4 writes on one node over two kills and a clean stop, record for record: that the leader may lack records is written once, and
    /// nobody takes it back.
    /// </summary>
    [Fact]
    public void After_kills_the_leader_is_recovering_for_good_and_that_is_written_once()
    {
        var node = TestController.New();
        node.CreateTopic("t", 1);
        foreach (var elected in (string[])
        [
            """PartitionChangeRecord {"isr":[1],"leader":1,"leaderRecoveryState":1,"lastKnownElr":[]}""",
            """PartitionChangeRecord {"isr":[1],"leader":1,"lastKnownElr":[]}""",
        ])
        {
            node = TestController.Over(node.Log, node.State.NextOffset + 1);
            node.Activate();
            Assert.Equal("""PartitionChangeRecord {"isr":[],"leader":-1,"eligibleLeaderReplicas":[1],"lastKnownElr":[1]}""",
                node.Apply(node.State.FenceDeadBroker(1))[0]);
            Assert.Equal("""PartitionChangeRecord {"eligibleLeaderReplicas":[]}""", node.Register([TestController.Directory], previousEpoch: -1)[0]);
            Assert.Equal(elected, Elected(node));
        }

        var epoch = node.State.Image.Brokers[1].Epoch;
        node.Heartbeat(wantShutDown: true);
        node.Heartbeat(wantShutDown: true);
        node = TestController.Over(node.Log, node.State.NextOffset + 1);
        node.Activate();
        node.Register([TestController.Directory], epoch);
        Assert.Equal("""PartitionChangeRecord {"isr":[1],"leader":1,"eligibleLeaderReplicas":[],"lastKnownElr":[]}""", Elected(node));
        Assert.True(node.State.Image.FindPartition("t", 0)!.IsRecovering);
    }

    [Fact]
    public void An_idle_controller_writes_a_NoOpRecord_every_half_second()
    {
        var node = TestController.New();
        var written = 0;
        for (var i = 0; i < 100; i++)
        {
            node.NowMs += 50;
            written += node.Apply(node.State.OnDeadline(node.Now)).Count;
        }

        Assert.Equal(10, written);
    }

    [Fact]
    public void An_empty_log_begins_with_the_formatted_features_in_one_transaction()
    {
        var node = TestController.Over(new MetadataLoader(), 3);
        var written = node.Activate();
        Assert.Equal(
            [
                "BeginTransactionRecord", "FeatureLevelRecord", "FeatureLevelRecord", "FeatureLevelRecord", "FeatureLevelRecord", "FeatureLevelRecord",
                "FeatureLevelRecord",
                "ConfigRecord", "EndTransactionRecord", "RegisterControllerRecord",
            ],
            written.Select(r => r.Split(' ')[0]));
        Assert.Equal("""ConfigRecord {"resourceType":4,"resourceName":"","name":"min.insync.replicas","value":"1"}""", written[7]);
    }

    /// <summary>The change of the partition that follows when the broker is unfenced.</summary>
    private static string Elected(TestController node) => node.Apply(node.State.Decide(
        new BrokerHeartbeatRequest
        {
            BrokerId = 1,
            BrokerEpoch = node.State.Image.Brokers[1].Epoch,
            CurrentMetadataOffset = node.State.NextOffset - 1,
            CordonedLogDirs = [],
        }, node.Now))
        .Single(static record => record.StartsWith("PartitionChangeRecord", StringComparison.Ordinal));

    private static string Text(JsonElement array) => $"[{string.Join(",", array.EnumerateArray().Select(e => e.GetInt32()))}]";
}
