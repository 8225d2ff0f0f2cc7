using System.Formats.Tar;
using System.IO.Compression;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>The segments of <c>__consumer_offsets</c> in an archive of Kafka's data directories, by partition, in log order.</summary>
internal static class OffsetsLogs
{
    public static SortedDictionary<int, List<byte[]>> Read(string archive)
    {
        var path = KafkaReference.Require("datadirs", archive + ".tar.gz");
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        using var file = File.OpenRead(path);
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            if (!entry.Name.Contains("/__consumer_offsets-", StringComparison.Ordinal) || !entry.Name.EndsWith(".log", StringComparison.Ordinal))
                continue;
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            files[entry.Name] = content.ToArray();
        }
        var partitions = new SortedDictionary<int, List<byte[]>>();
        foreach (var (name, content) in files)
        {
            var folder = name.Split('/')[^2];
            var partition = int.Parse(folder[(folder.LastIndexOf('-') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
            if (!partitions.TryGetValue(partition, out var segments))
                partitions[partition] = segments = [];
            segments.Add(content);
        }
        return partitions;
    }
}
