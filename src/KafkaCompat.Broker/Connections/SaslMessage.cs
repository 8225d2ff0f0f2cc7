using System.Buffers;

namespace KafkaCompat.Broker.Connections;

/// <summary>What clients send that want to log in, as far as it can be read without the listener's help: logins are not served.</summary>
internal static class SaslMessage
{
    /// <summary>A name for what is no mechanism that Kafka has.</summary>
    public const string Unknown = "SASL";

    private const int PrefixBytes = 4;

    private static readonly string[] Mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"];

    /// <summary>A mechanism as the log may show it: its name comes from the client.</summary>
    public static string NameOf(string mechanism) => Array.Find(Mechanisms, known => known == mechanism) ?? Unknown;

    /// <summary>
    /// The mechanism whose first message a frame is in place of a request, as clients without the frames of SaslAuthenticate send it; null where it is none.
    /// </summary>
    public static string? MechanismOf(in ReadOnlySequence<byte> frame)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        if (frame.Length < PrefixBytes) return null;
        frame.Slice(0, PrefixBytes).CopyTo(prefix);
        return prefix switch
        {
            // Without and with a name to act for; OAUTHBEARER begins alike and goes on otherwise.
            [(byte)'n' or (byte)'y', (byte)',', (byte)',', 1] => "OAUTHBEARER",
            [(byte)'n' or (byte)'y', (byte)',', (byte)',', (byte)'n'] or [(byte)'n' or (byte)'y', (byte)',', (byte)'a', (byte)'='] => "SCRAM",
            _ => null,
        };
    }
}
