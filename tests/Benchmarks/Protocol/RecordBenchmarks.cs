using BenchmarkDotNet.Attributes;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Benchmarks.Protocol;

/// <summary>What each byte of a produced batch costs before it reaches the log.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private byte[] _batch = [];
    private byte[] _request = [];

    [Params(10, 1000)]
    public int Records { get; set; }

    [GlobalSetup]
    public void Build()
    {
        using var builder = new RecordBatchBuilder();
        for (var i = 0; i < Records; i++)
        {
            builder.Append(1_700_000_000_000, new byte[8], new byte[100]);
        }

        _batch = builder.ToArray();
        var data = new ProduceRequest.TopicProduceData { Name = "topic" };
        data.PartitionData.Add(new() { Records = RecordBytes.From(_batch) });
        var request = new ProduceRequest();
        request.TopicData.Add(data);
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new WireWriter(output);
        request.Write(ref writer, 12);
        writer.Flush();
        _request = output.WrittenSpan.ToArray();
    }

    [Benchmark]
    public uint Checksum() => Crc32C.Compute(_batch);

    [Benchmark]
    public long WalkRecords()
    {
        long sum = 0;
        using var reader = RecordBatchReader.Over(_batch);
        while (reader.MoveNext())
        {
            sum += reader.Current.Value.Length;
        }

        return sum;
    }

    [Benchmark]
    public ProduceRequest DecodeProduce()
    {
        var reader = new WireReader(_request.AsMemory());
        return ProduceRequest.Read(ref reader, 12);
    }
}
