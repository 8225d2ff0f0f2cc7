using System.Text;
using System.Text.Json;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>
/// <c>.kafka_cleanshutdown</c>: that it is there says that the directory was closed cleanly, what is in it says at which epoch of the broker.
/// </summary>
internal static class CleanShutdownMarker
{
    public const string FileName = ".kafka_cleanshutdown";
    public const long UnknownBrokerEpoch = -1;

    public static bool TryRead(IFileStore files, string directory, out long brokerEpoch)
    {
        brokerEpoch = UnknownBrokerEpoch;
        string path = Path.Combine(directory, FileName);
        if (!files.FileExists(path))
            return false;
        try
        {
            // An empty or malformed marker is a marker all the same: it only fails to tell the epoch.
            using JsonDocument json = JsonDocument.Parse(files.ReadAllBytes(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("brokerEpoch", out JsonElement epoch)
                && epoch.ValueKind == JsonValueKind.Number && epoch.TryGetInt64(out long number))
                brokerEpoch = number;
        }
        catch (JsonException)
        {
            brokerEpoch = UnknownBrokerEpoch;
        }
        return true;
    }

    public static void Write(IFileStore files, string directory, long brokerEpoch) =>
        files.WriteAtomically(Path.Combine(directory, FileName), Encoding.UTF8.GetBytes($"{{\"version\":0,\"brokerEpoch\":{brokerEpoch}}}"));

    public static void Remove(IFileStore files, string directory)
    {
        files.Delete(Path.Combine(directory, FileName));
        files.SyncFolder(directory);
    }
}
