using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>
/// Batches that take long to check are checked on threads of their own: nobody else waits for them, and nothing of their connection overtakes them.
/// </summary>
public sealed class BatchThreadsTests
{
    [Fact]
    public async Task A_request_whose_batch_takes_long_holds_up_its_own_connection_alone()
    {
        var threads = new HeldThreads();
        await using var node = TestNode.Start(threads);
        _ = await node.CreateTopic("t");
        var (slow, quick) = (node.Connect(), node.Connect());
        _ = await slow.Post(Records.Produce("t", Compressed(3)), 12);
        await threads.IsHeld.WaitAsync(TestContext.Current.CancellationToken);
        _ = await slow.Post(Records.Produce("t", Records.Batch(2)), 12);
        // The second frame is there and not even looked at; the frame of the first is kept, as its batch is read from it.
        Assert.Equal(0, await Records.Send(quick, "t", Records.Batch()));
        Assert.Equal(1, await Records.Send(quick, "t", Records.Batch()));
        threads.GoOn();
        Assert.Equal(2, BaseOffset(await slow.Receive()));
        Assert.Equal(5, BaseOffset(await slow.Receive()));
        var fetched = await quick.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 2), 12);
        Assert.Equal([2, 5], Records.BaseOffsets(fetched.Responses[0].Partitions[0].Records));
    }

    [Fact]
    public async Task A_batch_that_is_compressed_anew_takes_long_too_and_a_small_one_does_not()
    {
        var threads = new HeldThreads();
        await using var node = TestNode.Start(threads);
        _ = await node.CreateTopic("t", 1, ("compression.type", "zstd"));
        var client = node.Connect();
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch()));
        _ = await client.Post(Records.Produce("t", Records.Batch(1, 2000)), 12);
        await threads.IsHeld.WaitAsync(TestContext.Current.CancellationToken);
        threads.GoOn();
        Assert.Equal(1, BaseOffset(await client.Receive()));
    }

    [Fact]
    public async Task A_connection_that_ends_meanwhile_keeps_the_bytes_until_they_are_not_needed_any_more()
    {
        var threads = new HeldThreads();
        await using var node = TestNode.Start(threads);
        _ = await node.CreateTopic("t");
        var client = node.Connect();
        _ = await client.Post(Records.Produce("t", Compressed(3)), 12);
        await threads.IsHeld.WaitAsync(TestContext.Current.CancellationToken);
        client.CloseSending();
        Assert.False(client.Served.IsCompleted);
        threads.GoOn();
        await client.Served.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.Equal(3, node.Broker.Partitions.Find("t", 0)!.HighWatermark);
    }

    [Fact]
    public async Task Where_no_answer_is_wanted_a_refused_batch_closes_the_connection()
    {
        var threads = new HeldThreads();
        await using var node = TestNode.Start(threads);
        _ = await node.CreateTopic("t");
        var client = node.Connect();
        var damaged = Compressed(3);
        damaged[^1] ^= 1;
        _ = await client.Post(Records.Produce("t", damaged, acks: 0), 12);
        await threads.IsHeld.WaitAsync(TestContext.Current.CancellationToken);
        threads.GoOn();
        Assert.Null(await client.Receive());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public async Task A_search_by_time_holds_up_its_own_connection_alone(long timestamp)
    {
        var threads = new HeldThreads();
        await using var node = TestNode.Start(threads);
        _ = await node.CreateTopic("t");
        var (slow, quick) = (node.Connect(), node.Connect());
        Assert.Equal(0, await Records.Send(quick, "t", Records.Batch(2)));
        _ = await slow.Post(ListOffsets(timestamp), 7);
        await threads.IsHeld.WaitAsync(TestContext.Current.CancellationToken);
        // The end of the log is no search, and needs none of these threads.
        Assert.Equal(2, Found(await quick.Ask<ListOffsetsRequest, ListOffsetsResponse>(ListOffsets(-1), 7)));
        threads.GoOn();
        Assert.Equal(timestamp == 0 ? 0 : 1, Found(MemoryClient.Decode<ListOffsetsRequest, ListOffsetsResponse>((await slow.Receive())!, 7)));

        static long Found(ListOffsetsResponse response) => response.Topics[0].Partitions[0].Offset;
    }

    private static ListOffsetsRequest ListOffsets(long timestamp) =>
        new() { ReplicaId = -1, Topics = { new() { Name = "t", Partitions = { new() { Timestamp = timestamp } } } } };

    private static long BaseOffset(byte[]? frame) =>
        MemoryClient.Decode<ProduceRequest, ProduceResponse>(frame!, 12).Responses[0].PartitionResponses[0].BaseOffset;

    /// <summary>A batch whose values do not compress, so that it is no small one.</summary>
    private static byte[] Compressed(int records)
    {
        using var builder = new RecordBatchBuilder { Codec = CompressionType.Gzip };
        var random = new Random(1);
        for (var i = 0; i < records; i++)
        {
            var value = new byte[1000];
            random.NextBytes(value);
            builder.Append(Records.StartMs + i, default, value);
        }
        return builder.ToArray();
    }

    /// <summary>Threads that start no work before they are told.</summary>
    private sealed class HeldThreads : IWorkThreads
    {
        private readonly TaskCompletionSource _mayGoOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SemaphoreSlim IsHeld { get; } = new(0);

        public void GoOn() => _mayGoOn.SetResult();

        public async Task Run(Action work)
        {
            _ = IsHeld.Release();
            await _mayGoOn.Task;
            work();
        }
    }
}
