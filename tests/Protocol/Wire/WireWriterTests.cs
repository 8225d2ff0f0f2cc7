using System.Buffers;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Tests.Golden;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Wire;

public class WireWriterTests
{
    [Fact]
    public void A_region_goes_to_the_sink_in_its_place()
    {
        var response = FetchOf(RecordBytes.From(new Region([7, 8, 9])));
        var sink = new Sink();
        var writer = new WireWriter(sink.Buffer, sink);
        response.Write(ref writer, 4);
        writer.Flush();
        Assert.Equal(3, sink.Region!.Length);
        Assert.Equal(response.GetSize(4), sink.Buffer.WrittenCount + 3);
        Assert.Equal([0, 0, 0, 3], sink.Buffer.WrittenSpan[(sink.At - 4)..sink.At].ToArray());
    }

    [Fact]
    public void Without_a_sink_a_region_is_copied()
    {
        var copied = GoldenRow.Write(FetchOf(RecordBytes.From(new Region([7, 8, 9]))), 4);
        var memory = GoldenRow.Write(FetchOf(RecordBytes.From(new byte[] { 7, 8, 9 })), 4);
        Assert.Equal(memory, copied);
    }

    [Fact]
    public void Null_in_a_version_without_it_is_a_bug_of_the_caller()
    {
        var request = new MetadataRequest { Topics = null };
        Assert.Throws<InvalidOperationException>(() => GoldenRow.Write(request, 0));
        Assert.Equal(request.GetSize(1), GoldenRow.Write(request, 1).Length);
    }

    [Fact]
    public void Nothing_is_allocated_besides_the_message()
    {
        var response = FetchOf(RecordBytes.From(new byte[1000]));
        var buffer = new ArrayBufferWriter<byte>(4096);
        WriteInto(response, buffer);
        buffer.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        WriteInto(response, buffer);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void WriteInto(FetchResponse response, ArrayBufferWriter<byte> buffer)
    {
        _ = response.GetSize(12);
        var writer = new WireWriter(buffer);
        response.Write(ref writer, 12);
        writer.Flush();
    }

    private static FetchResponse FetchOf(RecordBytes records) => new()
    {
        Responses = [new() { Topic = "orders", Partitions = [new() { PartitionIndex = 1, HighWatermark = 5, Records = records }] }],
    };

    private sealed class Region(byte[] bytes) : IRecordRegion
    {
        public int Length => bytes.Length;

        public void CopyTo(IBufferWriter<byte> destination) => destination.Write(bytes);
    }

    private sealed class Sink : IRegionSink
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new();

        public IRecordRegion? Region { get; private set; }

        public int At { get; private set; }

        public void Accept(IRecordRegion region)
        {
            Region = region;
            At = Buffer.WrittenCount;
        }
    }
}
