using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>Requests and answers as frames.</summary>
internal static class WireFrames
{
    public static byte[] Of(IRequest request, short version, int correlationId, string clientId = "test")
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        writer.WriteInt32(0);
        writer.WriteInt16((short)request.Key);
        writer.WriteInt16(version);
        writer.WriteInt32(correlationId);
        writer.WriteString(clientId, flexible: false);
        if (ApiCatalog.Get(request.Key).RequestHeaderVersion(version) >= 2) writer.WriteTagCount(0);
        request.Write(ref writer, version);
        writer.Flush();
        var bytes = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - 4);
        return bytes;
    }

    public static TResponse Decode<TRequest, TResponse>(byte[] frame, short version)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        var reader = new WireReader(frame);
        _ = reader.ReadInt32();
        if (ApiCatalog.Get(TRequest.ApiKey).ResponseHeaderVersion(version) >= 1) Assert.Equal(0, reader.ReadTagCount());
        var response = TResponse.Read(ref reader, version);
        Assert.Equal(0, reader.Remaining);
        return response;
    }
}
