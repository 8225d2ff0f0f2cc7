using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.Settings;

/// <summary>The file that a node is started with. A file that is not Kafka's is reported in one line, not as hundreds of unknown settings.</summary>
internal static class PropertiesFile
{
    /// <summary>The size up to which a file is read; Kafka's own has 6 KiB.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Names that nobody knows, and no other, up to which a file may still be meant for Kafka.</summary>
    private const int MostUnknown = 3;

    /// <exception cref="ConfigurationException">It cannot be read, or is no properties file of Kafka's.</exception>
    public static IReadOnlyList<ConfigEntry> Read(string path)
    {
        var bytes = ReadBytes(path);
        if (bytes.AsSpan().Contains((byte)0)) throw new ConfigurationException($"{path} is a binary file, not a properties file of Kafka's.");
        var entries = ConfigProperties.Parse(bytes, path);
        if (entries.Count > MostUnknown && entries.All(static entry => !KnownSettings.Contains(entry.Name) && RemovedSettings.Hint(entry.Name) is null))
            throw new ConfigurationException($"{path} has no setting of Kafka's in {entries.Count} lines: it is not a server.properties.");
        return entries;
    }

    /// <summary>Whether a text can be the address of a controller: a host that may be empty, and a port.</summary>
    public static bool IsAddress(string text) => ListenerEndpoint.IsHostPort(text);

    private static byte[] ReadBytes(string path)
    {
        try
        {
            if (Directory.Exists(path)) throw new ConfigurationException($"Cannot read {path}: it is a folder. Name the properties file in it.");
            using var file = File.OpenRead(path);
            if (file.Length > MaxBytes)
                throw new ConfigurationException($"Cannot read {path}: it has {file.Length} bytes, and a properties file has {MaxBytes} at most.");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException(
                $"Cannot read {path}: {(e is FileNotFoundException or DirectoryNotFoundException ? "the file does not exist." : e.Message)}");
        }
    }
}
