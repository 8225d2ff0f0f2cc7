using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace KafkaCompat.Protocol.Messages;

/// <summary>The request within an Envelope is decoded once: its cost is needed when the Envelope is read, the request itself when it is decided.</summary>
public sealed partial class EnvelopeRequest
{
    private (byte[] Bytes, EnvelopedRequest Request)? _held;

    /// <summary>
    /// What <see cref="RequestData"/> holds, decoded by the first call. Throws <see cref="WireFormatException"/> if decoding it costs more than
    /// <paramref name="maxCost"/>, by the estimate of <see cref="WireReader"/>.
    /// </summary>
    public EnvelopedRequest Open(long maxCost = long.MaxValue)
    {
        if (_held is not { } held || held.Bytes != RequestData) _held = held = (RequestData, Decode(maxCost));
        return held.Request;
    }

    private EnvelopedRequest Decode(long maxCost)
    {
        var bytes = new ReadOnlySequence<byte>(RequestData);
        var reader = new WireReader(bytes, maxCost: maxCost);
        try
        {
            var start = new WireReader(bytes);
            var (key, version) = (start.ReadInt16(), start.ReadInt16());
            if (ApiCatalog.Find(key) is not { } api || version < api.Versions.Min || version > api.Versions.Max)
                return EnvelopedRequest.Refused(ErrorCode.UnsupportedVersion, 0);
            if (!api.Forwardable) return EnvelopedRequest.Refused(ErrorCode.InvalidRequest, 0);
            var header = RequestHeader.Read(ref reader, api.RequestHeaderVersion(version));
            return new EnvelopedRequest(ErrorCode.None, header, ApiCatalog.ReadRequest(api.Key, ref reader, version), reader.Cost);
        }
        catch (WireFormatException fault) when (fault.Reason is not (WireFormatReason.TooCostly or WireFormatReason.TooCostlyNow))
        {
            return EnvelopedRequest.Refused(ErrorCode.UnsupportedVersion, reader.Cost);
        }
    }
}

/// <summary>The request within an Envelope with its header, or the error that refuses it; and what decoding it cost.</summary>
public sealed record EnvelopedRequest(ErrorCode Refusal, RequestHeader? Header, IRequest? Body, long Cost)
{
    [MemberNotNullWhen(true, nameof(Header), nameof(Body))]
    public bool IsReadable => Refusal == ErrorCode.None;

    internal static EnvelopedRequest Refused(ErrorCode error, long cost) => new(error, null, null, cost);
}
