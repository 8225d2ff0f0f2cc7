using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>Requests as they stand on the wire, made once and sent many times, so that the client's side allocates nothing.</summary>
internal static class RequestFrame
{
    public static byte[] Of<TRequest>(TRequest request, short version)
        where TRequest : class, IRequest<TRequest>
    {
        var api = ApiCatalog.Get(TRequest.ApiKey);
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        writer.WriteInt32(0);
        new RequestHeader { RequestApiKey = (short)TRequest.ApiKey, RequestApiVersion = version, CorrelationId = 1, ClientId = "bench" }
            .Write(ref writer, api.RequestHeaderVersion(version));
        request.Write(ref writer, version);
        writer.Flush();
        var frame = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }
}
