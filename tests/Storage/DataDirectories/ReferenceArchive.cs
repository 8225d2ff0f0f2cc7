using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Storage.Tests.DataDirectories;

/// <summary>One archive of the reference's data directories, unpacked into a folder of its own, and what Kafka served from it.</summary>
internal sealed class ReferenceArchive : IDisposable
{
    private readonly string _folder;

    public ReferenceArchive(string name)
    {
        Name = name;
        var archive = KafkaReference.Require("datadirs", name + ".tar.gz");
        Expected = KafkaReference.Require("datadirs", name + ".expected");
        _folder = Directory.CreateTempSubdirectory("kafkacompat-" + name + "-").FullName;
        using (var packed = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
            TarFile.ExtractToDirectory(packed, _folder, overwriteFiles: false);
        About = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Expected, "about.json"))).RootElement;
        Root = Path.Combine(_folder, name);
    }

    public string Name { get; }

    public string Expected { get; }

    public string Root { get; }

    public JsonElement About { get; }

    public bool Started => About.GetProperty("started").GetBoolean();

    public long StartedAtMs => About.GetProperty("startedAtMs").GetInt64();

    public static IEnumerable<string> Names()
    {
        var folder = Path.Combine(KafkaReference.Folder, "datadirs");
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.tar.gz").Select(static path => Path.GetFileName(path)[..^".tar.gz".Length]).Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>The log directories, with the node that they belong to.</summary>
    public IEnumerable<(int Node, string Path)> LogDirectories()
    {
        foreach (var properties in Directory.EnumerateFiles(Root, "server.properties", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var settings = Properties(properties);
            foreach (var directory in settings["log.dirs"].Split(','))
                yield return (int.Parse(settings["node.id"], CultureInfo.InvariantCulture), Path.Combine(Path.GetDirectoryName(properties)!, directory.Trim()));
        }
    }

    public Dictionary<string, string> ServerProperties() =>
        Properties(Directory.EnumerateFiles(Root, "server.properties", SearchOption.AllDirectories).First());

    /// <summary>Requests and answers of one API.</summary>
    public IEnumerable<(JsonElement Request, JsonElement Response, int Node)> Answers(string api)
    {
        var path = Path.Combine(Expected, "answers", api + ".json");
        if (!File.Exists(path))
            yield break;
        foreach (var exchange in JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.EnumerateArray())
            yield return (exchange.GetProperty("request"), exchange.GetProperty("response"), exchange.GetProperty("node").GetInt32());
    }

    /// <summary>The partitions that Kafka knows: topic id, leader and leader epoch.</summary>
    public Dictionary<TopicPartition, (Uuid TopicId, int Leader, int LeaderEpoch)> Partitions()
    {
        var partitions = new Dictionary<TopicPartition, (Uuid, int, int)>();
        foreach ((_, var response, _) in Answers("Metadata"))
        {
            foreach (var topic in response.GetProperty("topics").EnumerateArray())
            {
                foreach (var partition in topic.GetProperty("partitions").EnumerateArray())
                {
                    partitions[new TopicPartition(topic.GetProperty("name").GetString()!, partition.GetProperty("partitionIndex").GetInt32())] =
                        (Uuid.Parse(topic.GetProperty("topicId").GetString()!), partition.GetProperty("leaderId").GetInt32(),
                            partition.GetProperty("leaderEpoch").GetInt32());
                }
            }
        }
        return partitions;
    }

    public IEnumerable<JsonElement> Records()
    {
        var path = Path.Combine(Expected, "records.jsonl.gz");
        if (!File.Exists(path))
            yield break;
        using var lines = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (lines.ReadLine() is { } line)
            yield return JsonDocument.Parse(line).RootElement;
    }

    public IEnumerable<(TopicPartition Partition, long NextOffset, int Bytes, string Sha256)> Fetched()
    {
        var path = Path.Combine(Expected, "fetched.tsv");
        if (!File.Exists(path))
            yield break;
        foreach (var line in File.ReadLines(path))
        {
            var cells = line.Split('\t');
            yield return (new TopicPartition(cells[0], int.Parse(cells[1], CultureInfo.InvariantCulture)), long.Parse(cells[2], CultureInfo.InvariantCulture),
                int.Parse(cells[3], CultureInfo.InvariantCulture), cells[4]);
        }
    }

    /// <summary>The damage done to a folder, or nothing.</summary>
    public string Damage(string folder)
    {
        var path = Path.Combine(Root, "damage.tsv");
        return File.Exists(path)
            ? File.ReadLines(path).Select(static line => line.Split('\t')).FirstOrDefault(cells => Path.GetFileName(cells[0]) == folder)?[1] ?? ""
            : "";
    }

    public void Dispose()
    {
        foreach (var file in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
            File.SetAttributes(file, FileAttributes.Normal);
        Directory.Delete(_folder, recursive: true);
    }

    private static Dictionary<string, string> Properties(string path) => File.ReadLines(path).Where(static line => line.Contains('=', StringComparison.Ordinal))
        .Select(static line => line.Split('=', 2)).ToDictionary(static cells => cells[0], static cells => cells[1], StringComparer.Ordinal);
}
