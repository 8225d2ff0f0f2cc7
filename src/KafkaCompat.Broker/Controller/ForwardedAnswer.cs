using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// What became of a forwarded request: the controller's response, or why there is none. A value, which crosses a wire as Kafka's Envelope does.
/// </summary>
/// <param name="Error">
/// NONE with a response. NOT_CONTROLLER where the node that was asked is not, or no longer, the active controller: nothing is known about what was asked.
/// UNSUPPORTED_VERSION where it does not serve the key or the version. INVALID_REQUEST where Kafka's controller would close the connection over such a request.
/// </param>
/// <param name="Response">The response.</param>
public sealed record ForwardedAnswer(ErrorCode Error, IResponse? Response)
{
    public static ForwardedAnswer Of(IResponse response) => new(ErrorCode.None, response);

    public static ForwardedAnswer Without(ErrorCode error) => new(error, null);

    /// <summary>As it crosses a wire.</summary>
    public EnvelopeResponse ToEnvelope(ForwardedRequest asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var header = new ResponseHeader { CorrelationId = asked.CorrelationId };
        return new EnvelopeResponse
        {
            ErrorCode = Error,
            ResponseData = Response is null ? null
                : ForwardedRequest.Bytes((header, ApiCatalog.Get(asked.Body.Key).ResponseHeaderVersion(asked.Version)), (Response, asked.Version)),
        };
    }

    /// <summary>As it comes off a wire. Throws <see cref="WireFormatException"/> for bytes that are no response to that request.</summary>
    public static ForwardedAnswer Of(EnvelopeResponse envelope, ForwardedRequest asked)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(asked);
        if (envelope.ResponseData is not { } data) return Without(envelope.ErrorCode);
        var reader = new WireReader(new ReadOnlySequence<byte>(data));
        _ = ResponseHeader.Read(ref reader, ApiCatalog.Get(asked.Body.Key).ResponseHeaderVersion(asked.Version));
        return new(envelope.ErrorCode, ApiCatalog.ReadResponse(asked.Body.Key, ref reader, asked.Version));
    }
}
