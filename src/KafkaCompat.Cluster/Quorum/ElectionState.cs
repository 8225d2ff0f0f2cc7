using System.Globalization;
using System.Text;
using System.Text.Json;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// What a replica must not forget: the newest epoch it knows, who leads it, whom it voted for in it. Kept in the file <c>quorum-state</c> as JSON,
/// in version 1 where voters are dynamic and in version 0, with the voters, where they are not.
/// </summary>
public sealed record ElectionState(int Epoch, int LeaderId, ReplicaKey Voted)
{
    public const int None = -1;

    public static ElectionState Initial { get; } = new(0, None, ReplicaKey.None);

    /// <summary>The file's content. <paramref name="staticVoters"/> is null where voters are dynamic.</summary>
    public byte[] Encode(VoterSet? staticVoters)
    {
        var text = new StringBuilder("{");
        if (staticVoters is not null)
        {
            text.Append("\"clusterId\":\"\",");
        }

        text.Append(CultureInfo.InvariantCulture, $"\"leaderId\":{LeaderId},\"leaderEpoch\":{Epoch},\"votedId\":{Voted.Id},");
        text.Append(staticVoters is null
            ? $"\"votedDirectoryId\":\"{Voted.DirectoryId}\",\"data_version\":1}}"
            : $"\"appliedOffset\":0,\"currentVoters\":[{Ids(staticVoters)}],\"data_version\":0}}");
        return Encoding.UTF8.GetBytes(text.ToString());

        static string Ids(VoterSet voters) => string.Join(",", voters.Voters.Select(v => $"{{\"voterId\":{v.Key.Id}}}"));
    }

    /// <summary>Reads the file's content; false where it is malformed.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> content, out ElectionState state)
    {
        state = Initial;
        try
        {
            // As with Kafka only the first line counts, and in it what stands before the object's end.
            var line = content.Span;
            var end = line.IndexOfAny((byte)'\n', (byte)'\r');
            var reader = new Utf8JsonReader(end < 0 ? line : line[..end]);
            using var json = JsonDocument.ParseValue(ref reader);
            var root = json.RootElement;
            var version = Version(root.GetProperty("data_version"));
            if (version is not (0 or 1))
            {
                return false;
            }

            if (version == 0 && !HasFieldsOfVersion0(root))
            {
                return false;
            }

            var directory = version == 1 ? Uuid.Parse(root.GetProperty("votedDirectoryId").GetString()) : Uuid.Zero;
            state = new ElectionState(
                root.GetProperty("leaderEpoch").GetInt32(),
                root.GetProperty("leaderId").GetInt32(),
                new ReplicaKey(root.GetProperty("votedId").GetInt32(), directory));
            return state.Epoch >= 0;
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    /// <summary>As Kafka's reader of JSON has it: the lowest 16 bits of a number, and 0 for what is none.</summary>
    private static short Version(JsonElement element) =>
        element.ValueKind != JsonValueKind.Number ? (short)0
        : element.TryGetInt64(out var number) ? unchecked((short)number)
        : element.TryGetDouble(out var real) && Math.Abs(real) < long.MaxValue ? unchecked((short)(long)real) : (short)0;

    /// <summary>What version 0 has to have besides, though nobody needs it any more.</summary>
    private static bool HasFieldsOfVersion0(JsonElement root) =>
        root.GetProperty("clusterId").ValueKind == JsonValueKind.String && root.GetProperty("appliedOffset").TryGetInt64(out _)
        && root.GetProperty("currentVoters").EnumerateArray().All(static voter => voter.GetProperty("voterId").TryGetInt32(out _));
}
