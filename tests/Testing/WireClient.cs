using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Protocol;

namespace KafkaCompat.Testing.Tests;

/// <summary>A client that asks one thing at a time, for what client libraries do not ask.</summary>
internal sealed class WireClient : IDisposable
{
    private readonly TcpClient _client = new();
    private int _correlationId;

    public static async Task<WireClient> Connect(KafkaCompatBroker broker)
    {
        var client = new WireClient();
        await client._client.ConnectAsync(IPEndPoint.Parse(broker.BootstrapServers));
        return client;
    }

    /// <summary>The answer; null when the connection closes instead.</summary>
    public async Task<TResponse?> Ask<TRequest, TResponse>(TRequest request, short version)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        var info = ApiCatalog.Get(TRequest.ApiKey);
        var stream = _client.GetStream();
        await stream.WriteAsync(Frame(request, version, ++_correlationId, info.RequestHeaderVersion(version) >= 2));
        var length = new byte[sizeof(int)];
        try
        {
            await stream.ReadExactlyAsync(length);
        }
        catch (Exception e) when (e is EndOfStreamException or IOException)
        {
            return null;
        }

        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(body);
        return Read<TResponse>(body.AsMemory(sizeof(int) + info.ResponseHeaderVersion(version)), version);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>A message as it stands on the wire.</summary>
    public static byte[] Write(IMessage message, short version)
    {
        var buffer = new ArrayBufferWriter<byte>(message.GetSize(version) + 1);
        var writer = new WireWriter(buffer);
        message.Write(ref writer, version);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static TMessage Read<TMessage>(ReadOnlyMemory<byte> bytes, short version)
        where TMessage : IMessage<TMessage>
    {
        var reader = new WireReader(bytes);
        return TMessage.Read(ref reader, version);
    }

    private static byte[] Frame(IRequest request, short version, int correlationId, bool isFlexible)
    {
        var body = Write(request, version);
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        writer.WriteInt32(2 + 2 + 4 + 2 + (isFlexible ? 1 : 0) + body.Length);
        writer.WriteInt16((short)KeyOf(request));
        writer.WriteInt16(version);
        writer.WriteInt32(correlationId);
        writer.WriteInt16(-1);
        if (isFlexible) writer.WriteUnsignedVarint(0);
        writer.Flush();
        buffer.Write(body);
        return buffer.WrittenSpan.ToArray();
    }

    private static ApiKey KeyOf(IRequest request) => Enum.Parse<ApiKey>(request.GetType().Name[..^"Request".Length]);
}
