using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>A start that finds less than was acknowledged says from where to where, once a partition, and serves what there is, as Kafka does.</summary>
public sealed class LostRecordsTests
{
    private const string Checkpoint = "/data/replication-offset-checkpoint";

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public async Task A_log_that_ends_before_its_high_watermark_is_a_line_and_a_repair()
    {
        await using (var node = await Start(new RecordedLines(LogLevel.Warning)))
        {
            foreach (var topic in (string[])["t", "u", "v", "gone"])
            {
                await Create(node, topic);
                Assert.Equal(0, await Records.Send(Connect(node), topic, Records.Batch(10)));
            }
            _ = await Connect(node).Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { Topics = { new() { Name = "gone" } }, TimeoutMs = 120_000 }, 6);
        }
        // What a kill at the wrong moment and a disk that had not kept everything leave: the first log is shorter, the folder of the second is gone.
        _files.Delete("/data/.kafka_cleanshutdown");
        _files.DeleteFolder("/data/u-0");
        OffsetCheckpoint.Write(_files, Checkpoint, new Dictionary<TopicPartition, long>
        {
            [new("t", 0)] = 25,
            [new("u", 0)] = 10,
            [new("v", 0)] = 10,
            [new("gone", 0)] = 10,
        });
        var lines = new RecordedLines(LogLevel.Warning);
        await using (var node = await Start(lines))
        {
            Assert.Equal(
                [
                    "The records from offset 0 to before 10 of u-0 are gone, and they had been acknowledged: the log in /data/u-0 ends before its high "
                        + "watermark. The next records get the offsets from 0 on.",
                    "The records from offset 10 to before 25 of t-0 are gone, and they had been acknowledged: the log in /data/t-0 ends before its high "
                        + "watermark. The next records get the offsets from 10 on.",
                ],
                lines.Lines.Where(static line => line.Contains("acknowledged", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
            Assert.Equal(2, node.Broker.Directories.Recovery.CountOf(RepairAct.AcknowledgedLost));
            Assert.Equal((10, 0, 10), (End(node, "t"), End(node, "u"), End(node, "v")));
            Assert.Equal(10, await Records.Send(Connect(node), "t", Records.Batch(1)));
        }
        // It is said once: the node has written down since what there is.
        lines = new RecordedLines(LogLevel.Warning);
        await using (await Start(lines)) { }
        Assert.Empty(lines.Lines);
    }

    /// <summary>
    /// A topic is deleted and made anew, and the node is killed before it has the new one's folder and its checkpoint has forgotten the old one.
    /// </summary>
    [Theory]
    [InlineData("/data/t-0")]
    [InlineData("/data/t-0.0123456789abcdef0123456789abcdef-delete")]
    public async Task What_a_checkpoint_says_of_a_topic_that_is_gone_is_no_loss_of_one_that_has_its_name(string folderOfOld)
    {
        await using (var node = await Start(new RecordedLines(LogLevel.Warning)))
        {
            await Create(node, "t");
            Assert.Equal(0, await Records.Send(Connect(node), "t", Records.Batch(10)));
        }
        _files.Rename("/data/t-0", "/kept");
        await using (var node = await Start(new RecordedLines(LogLevel.Warning)))
        {
            _ = await Connect(node).Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { Topics = { new() { Name = "t" } }, TimeoutMs = 120_000 }, 6);
            await Create(node, "t");
        }
        _files.Delete("/data/.kafka_cleanshutdown");
        _files.DeleteFolder("/data/t-0");
        _files.Rename("/kept", folderOfOld);
        OffsetCheckpoint.Write(_files, Checkpoint, new Dictionary<TopicPartition, long> { [new("t", 0)] = 10 });
        var lines = new RecordedLines(LogLevel.Warning);
        await using (var node = await Start(lines))
        {
            Assert.DoesNotContain(lines.Lines, static line => line.Contains("acknowledged", StringComparison.Ordinal));
            Assert.Equal(0, node.Broker.Directories.Recovery.CountOf(RepairAct.AcknowledgedLost));
            Assert.Equal(0, End(node, "t"));
        }
    }

    /// <summary>The folder is the topic's own: nothing else had the name, and the checkpoint speaks of it.</summary>
    [Fact]
    public async Task The_deleted_folder_of_a_topic_that_lives_does_not_hide_its_loss()
    {
        await using (var node = await Start(new RecordedLines(LogLevel.Warning)))
        {
            await Create(node, "t");
            Assert.Equal(0, await Records.Send(Connect(node), "t", Records.Batch(10)));
        }
        _files.Delete("/data/.kafka_cleanshutdown");
        _files.Rename("/data/t-0", "/data/t-0.0123456789abcdef0123456789abcdef-delete");
        var lines = new RecordedLines(LogLevel.Warning);
        await using (var node = await Start(lines))
        {
            Assert.StartsWith("The records from offset 0 to before 10 of t-0 are gone",
                Assert.Single(lines.Lines, static line => line.Contains("acknowledged", StringComparison.Ordinal)), StringComparison.Ordinal);
            Assert.Equal(1, node.Broker.Directories.Recovery.CountOf(RepairAct.AcknowledgedLost));
        }
    }

    private static long End(BrokerNode node, string topic) => node.Broker.Partitions.Find(topic, 0)!.HighWatermark;

    private Task<BrokerNode> Start(RecordedLines lines) =>
        BrokerNode.StartAsync(TestNode.ConfigOf(("log.dirs", "/data")), _files, TimeProvider.System, new Random(5), lines);

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static async Task Create(BrokerNode node, string topic)
    {
        var request = new CreateTopicsRequest { Topics = { new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 } }, TimeoutMs = 120_000 };
        Assert.Equal(ErrorCode.None, (await Connect(node).Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
    }
}
