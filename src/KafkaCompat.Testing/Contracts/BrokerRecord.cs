using System.Globalization;
using System.Text;

namespace KafkaCompat.Testing;

/// <summary>
/// A record of a topic, as <see cref="KafkaCompatBroker.Records"/> reads it and
/// <see cref="KafkaCompatBroker.ProduceAsync(string, IEnumerable{BrokerRecord}, CancellationToken)"/> writes it.
/// </summary>
public sealed record BrokerRecord
{
    /// <summary>The partition, 0 unless said otherwise.</summary>
    public int Partition { get; init; }

    /// <summary>The offset in its partition; -1 for a record that is still to be written.</summary>
    public long Offset { get; init; } = -1;

    /// <summary>
    /// When the record was made. Null to be written is the broker's present; null that was read is a record without a timestamp. Kafka keeps milliseconds.
    /// </summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The key's bytes, or null.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The value's bytes, or null: a tombstone.</summary>
    public byte[]? Value { get; init; }

    /// <summary>The headers in their order; a key may stand there more than once.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]?>> Headers { get; init; } = [];

    /// <summary>The key as UTF-8, or null.</summary>
    public string? KeyText => Text(Key);

    /// <summary>The value as UTF-8, or null.</summary>
    public string? ValueText => Text(Value);

    /// <summary>A record of text, in UTF-8.</summary>
    public static BrokerRecord Of(string? value, string? key = null, int partition = 0) =>
        new() { Key = Bytes(key), Value = Bytes(value), Partition = partition };

    private bool PrintMembers(StringBuilder text)
    {
        _ = text.Append(CultureInfo.InvariantCulture,
            $"Partition = {Partition}, Offset = {Offset}, Timestamp = {Timestamp:O}, Key = {KeyText ?? "null"}, Value = {ValueText ?? "null"}");
        if (Headers.Count > 0)
            _ = text.Append(", Headers = ").AppendJoin(", ", Headers.Select(static header => $"{header.Key}={Text(header.Value) ?? "null"}"));
        return true;
    }

    private static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
