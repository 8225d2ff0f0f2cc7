using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>
/// The frames of golden/hostile.tsv on a broker's or a controller's listener. For keys that are served there the node answers, stays
/// silent or closes as Kafka does, and the same connection then takes a good request or not; a key that is not served is closed like
/// one that does not exist.
/// </summary>
internal static class HostileFrames
{
    private const string GoodRequest = "0000000b0012000000000008000178";

    /// <summary>
    /// Where ours differs; the README says why. Kafka's controller advertises these two and answers them with UNKNOWN_SERVER_ERROR, ours as a broker's listener
    /// does.
    /// </summary>
    private static readonly Dictionary<(string Kind, string Name), string> OwnAnswers = new()
    {
        [("controller", "empty-request-key-41")] = "0000000d00000007000040010000000000",
        [("controller", "empty-request-key-50")] = "0000000e0000000700000000000000010100",
        // UNSUPPORTED_VERSION with a text: the protocols of these groups are not served yet.
        [("broker", "empty-request-key-68")] =
            "0000007c000000070000000000002366546869732062726f6b657220646f6573206e6f742073657276652074686520636f6e73756d65722067726f75702070726f746f636f6c207965"
                + "742e205365742067726f75702e70726f746f636f6c3d636c617373696320696e2074686520636c69656e742e000000000000000000ff00",
        [("broker", "empty-request-key-76")] =
            "00000059000000070000000000002343546869732062726f6b657220646f6573206e6f742073657276652073686172652067726f757073207965742e20557365206120636f6e73756d"
                + "65722067726f75702e000000000000000000ff00",
        [("broker", "empty-request-key-88")] =
            "0000009500000007000000000000236a546869732062726f6b657220646f6573206e6f74207365727665207468652073747265616d732067726f75702070726f746f636f6c20796574"
                + "2e205365742067726f75702e70726f746f636f6c3d636c617373696320696e20746865206170706c69636174696f6e2e01000000000000000000000000ffffffffffffffff01"
                + "00000000000000000000",
    };

    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(60);

    /// <summary>Sends every row of a kind of listener to the node; fails with those whose reaction differs.</summary>
    public static async Task Compare(IFrameNode node, string kind = "broker")
    {
        var listener = kind == "broker" ? "PLAINTEXT" : "CONTROLLER";
        var rows = KafkaReference.Table("golden", "hostile.tsv").Where(row => row["listener"] == kind).ToList();
        var request = new ApiVersionsRequest { ClientSoftwareName = "test", ClientSoftwareVersion = "1" };
        var served = (await node.Connect(listener).Ask<ApiVersionsRequest, ApiVersionsResponse>(request, 4)).ApiKeys.Select(static api => api.ApiKey)
            .ToHashSet();
        // Telemetry is advertised while somebody subscribes to it, and served to those who know of it.
        if (kind == "broker") served.UnionWith([(short)ApiKey.GetTelemetrySubscriptions, (short)ApiKey.PushTelemetry]);
        var failures = new List<string>();
        var compared = 0;
        foreach (var row in rows)
        {
            var sent = Bytes(row);
            if (sent is null) continue;
            compared++;
            var expected = Expected(row, sent, served);
            var actual = await React(node.Connect(listener), sent, row["thenEndOfStream"] == "true", expected);
            if (!Agrees(WithoutChance(row, actual), WithoutChance(row, expected))) failures.Add($"{row["name"]}: {actual} instead of {expected}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{compared} of {rows.Count} frames compared");
        Assert.True(failures.Count == 0, $"{failures.Count} of {compared} differ:\n{string.Join('\n', failures)}");
    }

    private static Outcome Expected(IReadOnlyDictionary<string, string> row, byte[] sent, HashSet<short> served)
    {
        if (sent.Length >= 8 && row["reaction"] != "closed" && BinaryPrimitives.ReadInt32BigEndian(sent) is >= 4 and <= 104857600)
        {
            var key = BinaryPrimitives.ReadInt16BigEndian(sent.AsSpan(4));
            var isWhole = sent.Length >= 4 + BinaryPrimitives.ReadInt32BigEndian(sent);
            if (isWhole && !served.Contains(key)) return new Outcome("closed", "", "");
        }
        return new Outcome(row["reaction"], OwnAnswers.GetValueOrDefault((row["listener"], row["name"]), row["answer"]), row["afterwards"]);
    }

    private static async Task<Outcome> React(IFrameClient client, byte[] sent, bool thenEnd, Outcome expected)
    {
        await client.Send(sent);
        if (thenEnd) client.CloseSending();
        byte[]? answer = null;
        var silent = false;
        try
        {
            // Only what is expected to stay silent is waited for by the clock.
            answer = await client.Receive(expected.Answer.Length > 0 || expected.Reaction != "no answer, open" ? null : Silence);
        }
        catch (OperationCanceledException)
        {
            silent = true;
        }
        if (answer is null && !silent) return new Outcome("closed", "", "");
        if (thenEnd && answer is not null) return new Outcome(await client.Receive() is null ? "answered, closed" : "answered, open", Hex(answer), "");
        // Two good requests in one write have two answers; the second is read with the one that follows.
        var again = sent.Length > 15 && Convert.ToHexStringLower(sent).EndsWith(GoodRequest, StringComparison.Ordinal) && sent.Length == 30;
        if (again) _ = await client.Receive();
        await client.Send(Convert.FromHexString(GoodRequest));
        string afterwards;
        try
        {
            afterwards = await client.Receive(expected.Afterwards == "good request not answered" ? Silence * 4 : null) is null
                ? "closed by good request"
                : "good request answered";
        }
        catch (OperationCanceledException)
        {
            afterwards = "good request not answered";
        }
        return new Outcome(silent ? "no answer, open" : "answered, open", silent ? "" : Hex(answer!), afterwards);
    }

    /// <summary>
    /// GetTelemetrySubscriptions gives each client an id by chance, and a subscription id that hangs on it; the rest of the answer is compared.
    /// </summary>
    private static Outcome WithoutChance(IReadOnlyDictionary<string, string> row, Outcome outcome)
    {
        const int From = 2 * (sizeof(int) + sizeof(int) + 1 + sizeof(int) + sizeof(short)), Length = 2 * (16 + sizeof(int));
        return row["name"] == "empty-request-key-71" && outcome.Answer.Length > From + Length
            ? outcome with { Answer = outcome.Answer.Remove(From, Length) }
            : outcome;
    }

    private static bool Agrees(Outcome actual, Outcome expected)
    {
        if (actual.Reaction != expected.Reaction || actual.Afterwards != expected.Afterwards) return false;
        if (expected.Answer.Length == 0) return actual.Answer.Length == 0;
        // ApiVersions lists what is served: its correlation id and error are compared.
        return expected.Answer.Length > 400 && actual.Answer[8..20] == expected.Answer[8..20] || actual.Answer == expected.Answer;
    }

    private static string Hex(byte[] frame)
    {
        var whole = new byte[frame.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(whole, frame.Length);
        frame.CopyTo(whole, 4);
        return Convert.ToHexStringLower(whole);
    }

    /// <summary>The bytes of a row; those that the table cuts are made again from what they are.</summary>
    private static byte[]? Bytes(IReadOnlyDictionary<string, string> row)
    {
        var hex = row["sent"];
        if (!hex.Contains("...", StringComparison.Ordinal)) return Convert.FromHexString(hex);
        return row["name"] switch
        {
            "header-tags-10000" => Tags(10_000),
            "header-tags-10001" => Tags(10_001),
            "array-v0-count-1000001" => [0x00, 0x1e, 0x84, 0x91, 0, 3, 0, 0, 0, 0, 0, 7, 0, 1, (byte)'x', 0, 0x0f, 0x42, 0x41, .. new byte[2_000_002]],
            "string-v9-length-32768" =>
                [0x00, 0x00, 0x80, 0x15, 0, 3, 0, 9, 0, 0, 0, 7, 0, 1, (byte)'x', 0, 2, 0x81, 0x80, 2, .. Enumerable.Repeat((byte)'a', 32_768), 0, 0, 0, 0, 0],
            _ => null,
        };
    }

    private static byte[] Tags(int count)
    {
        var body = new List<byte> { 0, 3, 0, 12, 0, 0, 0, 7, 0, 1, (byte)'x' };
        Varint(count);
        for (var tag = 0; tag < count; tag++)
        {
            Varint(tag);
            body.Add(0);
        }
        body.AddRange([1, 1, 0, 0]);
        var frame = new byte[body.Count + 4];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Count);
        body.CopyTo(frame, 4);
        return frame;

        void Varint(int value)
        {
            for (; value >= 0x80; value >>= 7) body.Add((byte)(value | 0x80));
            body.Add((byte)value);
        }
    }

    private sealed record Outcome(string Reaction, string Answer, string Afterwards);
}
