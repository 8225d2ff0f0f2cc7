using System.Buffers.Binary;

namespace KafkaCompat.Broker.Connections;

/// <summary>What a client speaks that began with the length of no frame.</summary>
internal static class ForeignProtocol
{
    private const int TlsHandshake = 0x16;
    private const int TlsMajorVersion = 3;

    /// <summary>The name of what begins with these four bytes, and what to do about it; null where nobody knows.</summary>
    public static (string Name, string Advice)? Of(int firstBytes)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, firstBytes);
        if (bytes[0] == TlsHandshake && bytes[1] == TlsMajorVersion)
            return ("TLS", "The listener is not encrypted: set security.protocol=PLAINTEXT in the client");
        if (bytes is [(byte)'P', (byte)'R', (byte)'I', (byte)' ']) return ("HTTP/2", "Metrics and health have a port of their own (kafkacompat.http.listener)");
        if (bytes.SequenceEqual("PROX"u8) || bytes is [(byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
            return ("the PROXY protocol", "The listener does not know it: turn it off in the load balancer");
        if (bytes.SequenceEqual("SSH-"u8)) return ("SSH", "SSH has another port");
        return IsHttp(bytes) ? ("HTTP", "Metrics and health have a port of their own (kafkacompat.http.listener)") : null;
    }

    private static bool IsHttp(ReadOnlySpan<byte> bytes) =>
        bytes.SequenceEqual("GET "u8) || bytes.SequenceEqual("POST"u8) || bytes.SequenceEqual("HEAD"u8) || bytes.SequenceEqual("PUT "u8)
            || bytes.SequenceEqual("DELE"u8)
        || bytes.SequenceEqual("OPTI"u8) || bytes.SequenceEqual("PATC"u8) || bytes.SequenceEqual("CONN"u8) || bytes.SequenceEqual("TRAC"u8)
        || bytes.SequenceEqual("HTTP"u8);
}
