using System.Text;
using System.Text.Json;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Directories;

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
        var path = Path.Combine(directory, FileName);
        if (!files.FileExists(path))
            return false;
        try
        {
            // An empty or malformed marker is a marker all the same: it only fails to tell the epoch. What stands behind the object does not count.
            var reader = new Utf8JsonReader(files.ReadAllBytes(path));
            using var json = JsonDocument.ParseValue(ref reader);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("brokerEpoch", out var epoch)
                && (!json.RootElement.TryGetProperty("version", out var version) || IsNothing(version)
                || (TryNumber(version, out var number) && number is >= int.MinValue and <= int.MaxValue))
                && TryNumber(epoch, out var told))
            {
                brokerEpoch = told;
            }
        }
        // Bytes that are no UTF-8 within a text are reported as an invalid operation.
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            brokerEpoch = UnknownBrokerEpoch;
        }
        return true;
    }

    private static bool IsNothing(JsonElement element) =>
        element.ValueKind == JsonValueKind.Null || (element.ValueKind == JsonValueKind.String && element.GetString() is "" or "null");

    /// <summary>A number, or a text of one, as Kafka's reader of JSON takes it.</summary>
    private static bool TryNumber(JsonElement element, out long number)
    {
        number = 0;
        if (element.ValueKind == JsonValueKind.String)
            return JavaNumber.TryLong(element.GetString().AsSpan().Trim(), out number);
        if (element.ValueKind != JsonValueKind.Number)
            return false;
        if (element.TryGetInt64(out number))
            return true;
        if (!element.TryGetDouble(out var real) || Math.Abs(real) >= long.MaxValue)
            return false;
        number = (long)real;
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
