using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Cluster.Tests.Metadata;

/// <summary>The metadata log of one reference directory in memory: every segment and snapshot, those that were deleted but still lie there included.</summary>
internal sealed class MetadataArchive
{
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    private MetadataArchive(string name) => Name = name;

    public string Name { get; }

    /// <summary>Reads an archive; of three nodes the first.</summary>
    public static MetadataArchive Open(string name)
    {
        var archive = new MetadataArchive(name);
        using var gzip = new GZipStream(File.OpenRead(KafkaReference.Require("datadirs", name + ".tar.gz")), CompressionMode.Decompress);
        using var tar = new TarReader(gzip);
        string? folder = null;
        while (tar.GetNextEntry() is { } entry)
        {
            var at = entry.Name.IndexOf("/__cluster_metadata-0/", StringComparison.Ordinal);
            if (at < 0 || entry.DataStream is null)
            {
                continue;
            }

            folder ??= entry.Name[..at];
            if (entry.Name[..at] == folder && !entry.Name.Contains("index", StringComparison.Ordinal))
            {
                using var content = new MemoryStream();
                entry.DataStream.CopyTo(content);
                archive._files[Path.GetFileName(entry.Name)] = content.ToArray();
            }
        }

        return archive;
    }

    /// <summary>All snapshots, the oldest first.</summary>
    public IEnumerable<(SnapshotId Id, byte[] Bytes)> Snapshots => _files
        .Select(f => (IsSnapshot: SnapshotId.TryParse(f.Key.Replace(".deleted", "", StringComparison.Ordinal), out var id), Id: id, f.Value))
        .Where(f => f.IsSnapshot).Select(f => (f.Id, f.Value)).OrderBy(f => f.Id);

    /// <summary>All batches of the log, the bytes of each, up to the first that is torn.</summary>
    public IEnumerable<byte[]> LogBatches => _files
        .Where(f => f.Key.Contains(".log", StringComparison.Ordinal))
        .OrderBy(f => f.Key, StringComparer.Ordinal)
        .SelectMany(f => Batches(f.Value));

    /// <summary>The image after snapshot and log.</summary>
    public MetadataLoader Load(out long nextOffset)
    {
        var loader = new MetadataLoader();
        var (id, bytes) = Snapshots.Last();
        var snapshot = QuorumSnapshot.Read(bytes);
        loader.Load(snapshot.Records.Select(r => r.Message), new MetadataProvenance(id.EndOffset - 1, id.Epoch, snapshot.LastContainedLogTimestampMs));
        nextOffset = id.EndOffset;
        foreach (var batch in LogBatches.SelectMany(b => QuorumBatchCodec.Decode(b)).Where(b => b.BaseOffset >= id.EndOffset))
        {
            foreach (var record in batch.Records)
            {
                loader.Apply(record.Message);
            }

            loader.Publish(new MetadataProvenance(batch.LastOffset, batch.Epoch, batch.TimestampMs));
            nextOffset = batch.LastOffset + 1;
        }

        return loader;
    }

    /// <summary>Kafka's answers to one API after opening the directory.</summary>
    public IEnumerable<(JsonElement Request, JsonElement Response)> Answers(string api)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(KafkaReference.Require("datadirs", Name + ".expected", "answers", api + ".json")));
        foreach (var answer in json.RootElement.EnumerateArray())
        {
            if (answer.GetProperty("node").GetInt32() == 1)
            {
                yield return (answer.GetProperty("request").Clone(), answer.GetProperty("response").Clone());
            }
        }
    }

    public static IEnumerable<byte[]> Batches(byte[] bytes)
    {
        for (var at = 0; bytes.Length - at >= 61;)
        {
            var size = 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
            if (size < 61 || size > bytes.Length - at
                || Crc32C.Compute(bytes.AsSpan(at + 21, size - 21)) != BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 17)))
            {
                yield break;
            }

            yield return bytes[at..(at + size)];
            at += size;
        }
    }
}
