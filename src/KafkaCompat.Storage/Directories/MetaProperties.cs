using System.Globalization;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Directories;

/// <summary>
/// <c>meta.properties</c>: whose directory this is. Version 1 is what KRaft writes; a directory without the file is not formatted.
/// </summary>
public sealed record MetaProperties(string ClusterId, int NodeId, Uuid? DirectoryId)
{
    public const string FileName = "meta.properties";
    public const int Version = 1;

    private const int VersionOfZooKeeper = 0;

    /// <summary>What Java's trim takes from the ends of a text: blanks and control characters.</summary>
    private static readonly char[] s_trimmed = [.. Enumerable.Range(0, ' ' + 1).Select(static code => (char)code)];

    /// <summary>What the file says of a directory, in either version.</summary>
    private static readonly string[] s_keys = ["version", "cluster.id", "node.id", "broker.id", "directory.id"];

    /// <summary>Reads the file of a directory: null where there is none.</summary>
    public static MetaProperties? Read(IFileStore files, string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!files.FileExists(path))
            return null;
        var properties = Properties(files, path);
        if (!s_keys.Any(properties.ContainsKey))
        {
            throw Damaged(path, files.ReadAllBytes(path).Length == 0
                ? "the file is empty"
                : $"the file has none of {string.Join(", ", s_keys)}, so it is damaged or not Kafka's");
        }
        // The one number around which blanks do not matter. Version 0 is what brokers of a ZooKeeper wrote; Kafka takes it still.
        var version = properties.GetValueOrDefault("version", "0").Trim(s_trimmed);
        if (!JavaNumber.TryInt(version, out var number) || number is not (Version or VersionOfZooKeeper))
            throw Damaged(path, $"this broker does not read version '{version}'. It reads {Version} and {VersionOfZooKeeper}");
        var idKey = number == Version ? "node.id" : "broker.id";
        if (!properties.TryGetValue(idKey, out var node))
            throw Damaged(path, properties.ContainsKey("version") ? $"version {number} needs {idKey}, which is missing" : "version is missing");
        if (!JavaNumber.TryInt(node, out var nodeId))
            throw Damaged(path, $"{idKey} is '{node}', which is not a number");
        if (!properties.TryGetValue("cluster.id", out var clusterId))
            throw Damaged(path, "cluster.id is missing");
        Uuid? directoryId = null;
        if (properties.TryGetValue("directory.id", out var text))
            directoryId = Uuid.TryParse(text, out var id) ? id : throw Damaged(path, $"directory.id is '{text}', which is not a directory id");
        return new MetaProperties(clusterId, nodeId, directoryId);
    }

    private static Dictionary<string, string> Properties(IFileStore files, string path)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (var pair in JavaProperties.Read(JavaProperties.Decode(files.ReadAllBytes(path))))
                properties[pair.Name] = pair.Value;
        }
        catch (MalformedPropertyException malformed)
        {
            throw Damaged(path, $"{malformed.Message} in line {malformed.Line}");
        }
        return properties;
    }

    private static LogCorruptionException Damaged(string path, string what) => new($"{path}: {what}.");

    public void Write(IFileStore files, string directory, DateTimeOffset now)
    {
        var entries = new List<(string, string)> { ("node.id", NodeId.ToString(CultureInfo.InvariantCulture)) };
        if (DirectoryId is { } id)
            entries.Add(("directory.id", id.ToString()));
        entries.Add(("version", Version.ToString(CultureInfo.InvariantCulture)));
        entries.Add(("cluster.id", ClusterId));
        files.WriteAtomically(Path.Combine(directory, FileName), JavaProperties.Encode(entries, now));
    }
}
