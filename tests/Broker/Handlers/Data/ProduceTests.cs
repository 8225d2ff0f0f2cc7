using System.Buffers.Binary;
using KafkaCompat.Broker.Handlers.Data;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// Records that producers send: what is answered for each partition, in which version, and when. For requests with a batch that is none beside good ones,
/// what is expected is what Apache Kafka 4.4 answered to the same requests: it reads the first batch of every partition before it writes any.
/// </summary>
public sealed class ProduceTests : IAsyncLifetime
{
    private const int LengthAt = 8;
    private const int MagicAt = 16;

    private readonly TestNode _node = TestNode.Start();

    public async ValueTask InitializeAsync()
    {
        _ = await _node.CreateTopic("t", 2);
        _ = await _node.CreateTopic("u", 1);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(5, 2, ErrorCode.CorruptMessage, "Record size 5 is less than the minimum record overhead (14)")]
    [InlineData(-3, 2, ErrorCode.CorruptMessage, "Record size -3 is less than the minimum record overhead (14)")]
    [InlineData(null, 9, ErrorCode.CorruptMessage, "Invalid magic found in record: 9")]
    [InlineData(null, 255, ErrorCode.CorruptMessage, "Invalid magic found in record: -1")]
    [InlineData(int.MaxValue, 2, ErrorCode.UnknownServerError, null)]
    public async Task A_first_batch_whose_frame_cannot_be_refuses_the_whole_request(int? length, int magic, ErrorCode error, string? message)
    {
        var bad = Records.Batch();
        if (length is { } value) BinaryPrimitives.WriteInt32BigEndian(bad.AsSpan(LengthAt), value);
        bad[MagicAt] = (byte)magic;
        foreach (var acks in new short[] { -1, 1, 5 })
        {
            var answer = await Send(acks, ("t", 0, Records.Batch()), ("t", 1, bad), ("nobody", 0, Records.Batch()));
            Assert.Equal([(error, message), (error, message), (error, message)], answer.Select(static p => (p.ErrorCode, p.ErrorMessage)));
        }
        Assert.Equal(0, _node.Broker.Partitions.Find("t", 0)!.HighWatermark);
    }

    /// <summary>Ten lines of a window are written; how many more there were is told when it ends, although nobody is refused any more.</summary>
    [Fact]
    public async Task What_was_not_told_is_counted_when_the_window_ends()
    {
        var time = new ManualTime();
        var lines = new RecordedLines(LogLevel.Information);
        await using var node = TestNode.Start(time: time, logs: lines);
        var client = node.Connect();
        for (var i = 0; i < DataRefusals.MaxLinesPerWindow + 3; i++)
            _ = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("nobody", Records.Batch()), 12);
        await Eventually.Is(() => node.Broker.Refusals.Produce == DataRefusals.MaxLinesPerWindow + 3);
        Assert.Equal(DataRefusals.MaxLinesPerWindow, lines.Lines.Count(static line => line.StartsWith("Refused ", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines.Lines, static line => line.Contains("More partitions", StringComparison.Ordinal));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Single(lines.Lines,
            static line => line.StartsWith("More partitions of produce requests were refused since the last line about it: 3.", StringComparison.Ordinal));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Single(lines.Lines, static line => line.Contains("More partitions", StringComparison.Ordinal));
    }

    /// <summary>A connection that outlives the stop may be refused still.</summary>
    [Fact]
    public async Task After_its_end_nothing_is_told_by_itself()
    {
        var time = new ManualTime();
        var lines = new RecordedLines(LogLevel.Information);
        await using var node = TestNode.Start(time: time, logs: lines);
        node.Broker.Refusals.Dispose();
        var client = node.Connect();
        for (var i = 0; i < DataRefusals.MaxLinesPerWindow + 3; i++)
            _ = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("nobody", Records.Batch()), 12);
        await Eventually.Is(() => node.Broker.Refusals.Produce == DataRefusals.MaxLinesPerWindow + 3);
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.DoesNotContain(lines.Lines, static line => line.Contains("more partitions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_partition_that_there_is_not_is_unknown_also_where_its_topic_is_internal()
    {
        var answer = await Send(-1, ("__consumer_offsets", 999, Records.Batch()));
        Assert.Equal([ErrorCode.UnknownTopicOrPartition], Errors(answer));
        _ = await _node.CreateTopic("__consumer_offsets", 1);
        answer = await Send(-1, ("__consumer_offsets", 0, Records.Batch()), ("__consumer_offsets", 999, Records.Batch()));
        Assert.Equal([ErrorCode.InvalidTopicException, ErrorCode.UnknownTopicOrPartition], Errors(answer));
    }

    [Fact]
    public async Task What_stands_behind_a_first_batch_or_is_only_cut_concerns_its_partition_alone()
    {
        var good = Records.Batch();
        var badLength = Records.Batch();
        BinaryPrimitives.WriteInt32BigEndian(badLength.AsSpan(LengthAt), 5);
        Assert.Equal([ErrorCode.None, ErrorCode.CorruptMessage], Errors(await Send(-1, ("t", 0, good), ("t", 1, [.. good, .. badLength]))));
        Assert.Equal([ErrorCode.None, ErrorCode.InvalidRecord], Errors(await Send(-1, ("t", 0, good), ("t", 1, good[..40]))));
        Assert.Equal([ErrorCode.None, ErrorCode.InvalidRecord], Errors(await Send(-1, ("t", 0, good), ("t", 1, []))));
        var short14 = Records.Batch();
        BinaryPrimitives.WriteInt32BigEndian(short14.AsSpan(LengthAt), 14);
        Assert.Equal([ErrorCode.None, ErrorCode.CorruptMessage], Errors(await Send(-1, ("t", 0, good), ("t", 1, short14))));
        Assert.Equal(4, _node.Broker.Partitions.Find("t", 0)!.HighWatermark);
    }

    /// <summary>Kafka stops at the first partition that decides about the request.</summary>
    [Fact]
    public async Task Of_a_transactional_batch_and_a_broken_one_the_first_decides()
    {
        var broken = Records.Batch();
        broken[MagicAt] = 9;
        using var builder = new RecordBatchBuilder { IsTransactional = true, ProducerId = 5, ProducerEpoch = 0, BaseSequence = 0 };
        builder.Append(Records.StartMs, "k"u8, "v"u8);
        var transactional = builder.ToArray();
        Assert.All(Errors(await Send(-1, ("t", 0, transactional), ("t", 1, broken))),
            static error => Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, error));
        Assert.All(Errors(await Send(-1, ("t", 0, broken), ("t", 1, transactional))), static error => Assert.Equal(ErrorCode.CorruptMessage, error));
        Assert.All(Errors(await Send(5, ("t", 0, transactional))), static error => Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, error));
    }

    [Fact]
    public async Task Without_acknowledgement_the_connection_closes()
    {
        var broken = Records.Batch();
        broken[MagicAt] = 9;
        var client = _node.Connect();
        _ = await client.Post(Request(0, [("t", 0, Records.Batch()), ("t", 1, broken)]), 8);
        Assert.Null(await client.Receive());
        Assert.Equal(0, _node.Broker.Partitions.Find("t", 0)!.HighWatermark);
    }

    [Fact]
    public async Task A_wait_for_an_acknowledgement_ends_with_its_connection()
    {
        var time = new ManualTime();
        using var disk = new ManualResetEventSlim();
        var files = new HookedFileStore(new ForgetfulFileStore(time));
        await using var node = TestNode.Start(files, time);
        _ = await node.CreateTopic("t", 1, ("flush.messages", "1"));
        files.Before = (operation, path) =>
        {
            if (operation == nameof(IFileStore.SyncFolder) && path.EndsWith("/t-0", StringComparison.Ordinal)) disk.Wait();
        };
        try
        {
            var leaves = node.Connect();
            var stays = node.Connect();
            foreach (var client in new[] { leaves, stays }) _ = await client.Post(Records.Produce("t", Records.Batch()), 12);
            await Eventually.Is(() => node.Broker.WaitingProduces == 2);

            leaves.Lose();
            await leaves.Served;
            await Eventually.Is(() => node.Broker.WaitingProduces == 1);

            disk.Set();
            Assert.NotNull(await stays.Receive());
            Assert.Equal(0, node.Broker.WaitingProduces);
        }
        finally
        {
            disk.Set();
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Records_are_appended_in_order_and_each_answer_says_where(short version)
    {
        var id = (await _node.Connect().Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "u" }] }, 12)).Topics[0].TopicId;
        var client = _node.Connect();
        for (var i = 0; i < 2; i++)
        {
            var request = Records.Produce("u", Records.Batch(3));
            request.TopicData[0].TopicId = id;
            var topic = Assert.Single((await client.Ask<ProduceRequest, ProduceResponse>(request, version)).Responses);
            Assert.Equal(version < 13 ? ("u", Uuid.Zero) : ("", id), (topic.Name, topic.TopicId));
            var partition = Assert.Single(topic.PartitionResponses);
            Assert.Equal((ErrorCode.None, 0, i * 3, -1), (partition.ErrorCode, partition.Index, partition.BaseOffset, partition.LogAppendTimeMs));
            Assert.Equal((version < 5 ? -1 : 0, null, 0), (partition.LogStartOffset, partition.ErrorMessage, partition.RecordErrors.Count));
        }
    }

    [Fact]
    public async Task From_version_13_on_a_topic_goes_by_an_id_that_has_to_be_known()
    {
        var request = Records.Produce("t", Records.Batch());
        request.TopicData[0].TopicId = GroupNode.NoTopic;
        var answer = (await _node.Connect().Ask<ProduceRequest, ProduceResponse>(request, 13)).Responses[0];
        Assert.Equal((GroupNode.NoTopic, ErrorCode.UnknownTopicId, -1),
            (answer.TopicId, answer.PartitionResponses[0].ErrorCode, answer.PartitionResponses[0].BaseOffset));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task Acknowledgements_that_there_are_not_refuse_every_partition(short acks)
    {
        var answer = await Send(acks, ("t", 0, Records.Batch()), ("u", 0, Records.Batch()));
        Assert.Equal([ErrorCode.InvalidRequiredAcks, ErrorCode.InvalidRequiredAcks], Errors(answer));
        Assert.Equal(0, _node.Broker.Partitions.Find("t", 0)!.HighWatermark);
    }

    [Fact]
    public async Task A_partition_named_twice_is_written_once_with_what_was_named_last()
    {
        var request = Request(-1, [("t", 0, Records.Batch(2)), ("u", 0, Records.Batch()), ("t", 0, Records.Batch(5))]);
        var answer = (await _node.Connect().Ask<ProduceRequest, ProduceResponse>(request, 8)).Responses;
        Assert.Equal([("t", 1), ("u", 1)], answer.Select(static topic => (topic.Name, topic.PartitionResponses.Count)));
        Assert.Equal(5, _node.Broker.Partitions.Find("t", 0)!.HighWatermark);
    }

    [Fact]
    public async Task The_time_of_the_append_is_told_where_the_topic_stamps_it()
    {
        _ = await _node.CreateTopic("stamped", 1, ("message.timestamp.type", "LogAppendTime"));
        var partition = Assert.Single(await Send(-1, ("stamped", 0, Records.Batch())));
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        Assert.True(partition.LogAppendTimeMs > Records.StartMs);
    }

    /// <summary>Transactions are not served yet: no id of a producer has been handed out for one, which is what the client is told.</summary>
    [Fact]
    public async Task A_transactional_batch_is_one_of_an_id_that_nobody_knows()
    {
        using var builder = new RecordBatchBuilder { IsTransactional = true, ProducerId = 5, ProducerEpoch = 0, BaseSequence = 0 };
        builder.Append(Records.StartMs, "k"u8, "v"u8);
        var request = Request(-1, [("t", 0, builder.ToArray())]);
        request.TransactionalId = "tx";
        var answer = (await _node.Connect().Ask<ProduceRequest, ProduceResponse>(request, 8)).Responses[0].PartitionResponses[0];
        Assert.Equal((ErrorCode.InvalidProducerIdMapping, -1), (answer.ErrorCode, answer.BaseOffset));
    }

    [Fact]
    public async Task Without_acknowledgement_nothing_is_answered_and_the_records_are_there()
    {
        var client = _node.Connect();
        _ = await client.Post(Records.Produce("u", Records.Batch(), acks: 0), 8);
        // The next answer is that of the next request.
        Assert.Equal(1, await Records.Send(client, "u", Records.Batch()));
    }

    private static IEnumerable<ErrorCode> Errors(List<ProduceResponse.PartitionProduceResponse> answer) =>
        answer.Select(static partition => partition.ErrorCode);

    private async Task<List<ProduceResponse.PartitionProduceResponse>> Send(short acks, params (string Topic, int Partition, byte[] Records)[] data)
    {
        var response = await _node.Connect().Ask<ProduceRequest, ProduceResponse>(Request(acks, data), 8);
        return [.. response.Responses.SelectMany(static topic => topic.PartitionResponses)];
    }

    private static ProduceRequest Request(short acks, (string Topic, int Partition, byte[] Records)[] data) => new()
    {
        Acks = acks,
        TimeoutMs = 120_000,
        TopicData =
        [
            .. data.GroupBy(static d => d.Topic).Select(static topic => new ProduceRequest.TopicProduceData
            {
                Name = topic.Key,
                PartitionData = [.. topic.Select(static d =>
                    new ProduceRequest.PartitionProduceData { Index = d.Partition, Records = RecordBytes.From(d.Records.AsMemory()) })],
            }),
        ],
    };
}
