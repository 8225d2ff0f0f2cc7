using System.Buffers;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>What the data path allocates, measured over the whole process: it runs alone.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests : IDisposable
{
    private const int Requests = 2_000;
    private const int MaxBytesPerRequest = 2_048;

    private readonly string _folder = Directory.CreateTempSubdirectory("kafkacompat").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_request_to_produce_or_fetch_allocates_less_than_two_kilobytes()
    {
        await using var node = TestNode.Start(new DiskFileStore(), folder: _folder);
        _ = await node.CreateTopic("t");
        var produce = Enumerable.Range(1, Requests).Select(i => MemoryClient.Frame(Records.Produce("t", Records.Batch(10, 100)), 12, i)).ToArray();
        var fetch = Enumerable.Range(1, Requests).Select(i => MemoryClient.Frame(Records.Fetch("t", i, partitionMaxBytes: 4096), 12, i)).ToArray();
        foreach (var (name, frames) in new[] { ("produce", produce), ("fetch", fetch) })
        {
            _ = await Measure(node, frames);
            var bytes = await Measure(node, frames);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {bytes} bytes a request");
            Assert.InRange(bytes, 1, MaxBytesPerRequest);
        }
    }

    private static async Task<long> Measure(TestNode node, byte[][] frames)
    {
        var connection = new MemoryConnection();
        var served = node.Serve(connection, "PLAINTEXT");
        var before = GC.GetTotalAllocatedBytes(precise: true);
        foreach (var frame in frames)
        {
            _ = await connection.Client.Output.WriteAsync(frame);
            await Drain(connection);
        }
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        await connection.Client.Output.CompleteAsync();
        await served;
        return allocated / frames.Length;
    }

    /// <summary>Takes one whole answer, without a copy.</summary>
    private static async ValueTask Drain(MemoryConnection connection)
    {
        while (true)
        {
            var result = await connection.Client.Input.ReadAsync();
            var buffer = result.Buffer;
            var reader = new SequenceReader<byte>(buffer);
            if (reader.TryReadBigEndian(out int length) && buffer.Length >= 4 + length)
            {
                connection.Client.Input.AdvanceTo(buffer.GetPosition(4 + length));
                return;
            }
            connection.Client.Input.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
