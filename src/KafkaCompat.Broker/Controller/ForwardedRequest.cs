using System.Buffers;
using System.Net;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// A request on its way to the controller, with who asked and where from: all that the controller knows of it. It is a value. Between nodes it goes as Kafka's
/// Envelope (KIP-590), which holds the request as its client sent it, the principal and the address; the listener is known to both ends.
/// </summary>
public sealed record ForwardedRequest(IRequest Body, short Version)
{
    /// <summary>The version of what an Envelope holds of the principal.</summary>
    private const short PrincipalVersion = 0;

    /// <summary>The user that asks; null where the broker asks for itself.</summary>
    public string? User { get; init; }

    /// <summary>The type of the principal whose name that is.</summary>
    public string PrincipalType { get; init; } = ConnectionInfo.UserType;

    public string? ClientId { get; init; }

    public IPAddress ClientAddress { get; init; } = IPAddress.Loopback;

    /// <summary>The listener that the client came by.</summary>
    public string ListenerName { get; init; } = "";

    public int CorrelationId { get; init; }

    /// <summary>A client's request.</summary>
    public static ForwardedRequest Of(IRequest request, RequestContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(request, context.ApiVersion)
        {
            User = context.User,
            PrincipalType = context.Connection.PrincipalType,
            ClientId = context.ClientId,
            ClientAddress = context.RemoteAddress,
            ListenerName = context.ListenerName,
            CorrelationId = context.CorrelationId,
        };
    }

    /// <summary>What who asks may do by the rules of the node that the request was forwarded to. A broker that asks for itself may do all.</summary>
    public Access AccessBy(IAuthorizer? rules) => User is null ? Access.Unlimited : new Access($"{PrincipalType}:{User}", ClientAddress, ListenerName, rules);

    /// <summary>As it crosses a wire. What a broker asks for itself is no client's, and goes as it is, by the broker's own right.</summary>
    public EnvelopeRequest ToEnvelope()
    {
        if (User is null) throw new InvalidOperationException("A broker's own request has no principal that an Envelope could name.");
        var headerVersion = ApiCatalog.Get(Body.Key).RequestHeaderVersion(Version);
        var header = new RequestHeader { RequestApiKey = (short)Body.Key, RequestApiVersion = Version, CorrelationId = CorrelationId, ClientId = ClientId };
        return new EnvelopeRequest
        {
            RequestData = Bytes((header, headerVersion), (Body, Version)),
            RequestPrincipal = [0, (byte)PrincipalVersion, .. Bytes((new DefaultPrincipalData { Type = PrincipalType, Name = User }, PrincipalVersion))],
            ClientHostAddress = ClientAddress.GetAddressBytes(),
        };
    }

    /// <summary>As it comes off a wire, by a listener; or why it is refused, in the order in which Kafka looks.</summary>
    public static ErrorCode Read(EnvelopeRequest envelope, string listenerName, out ForwardedRequest? request)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        request = null;
        if (PrincipalOf(envelope.RequestPrincipal) is not { } principal) return ErrorCode.PrincipalDeserializationFailure;
        if (envelope.ClientHostAddress.Length is not (4 or 16)) return ErrorCode.InvalidRequest;
        var held = envelope.Open();
        if (!held.IsReadable) return held.Refusal;
        request = new ForwardedRequest(held.Body, held.Header.RequestApiVersion)
        {
            User = principal.Name,
            PrincipalType = principal.Type,
            ClientId = held.Header.ClientId,
            ClientAddress = new IPAddress(envelope.ClientHostAddress),
            ListenerName = listenerName,
            CorrelationId = held.Header.CorrelationId,
        };
        return ErrorCode.None;
    }

    /// <summary>Null where the bytes name none.</summary>
    private static DefaultPrincipalData? PrincipalOf(byte[]? bytes)
    {
        if (bytes is null) return null;
        try
        {
            var reader = new WireReader(new ReadOnlySequence<byte>(bytes));
            return reader.ReadInt16() == PrincipalVersion ? DefaultPrincipalData.Read(ref reader, PrincipalVersion) : null;
        }
        catch (WireFormatException)
        {
            return null;
        }
    }

    internal static byte[] Bytes(params ReadOnlySpan<(IMessage Message, short Version)> parts)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var (message, version) in parts)
        {
            var writer = new WireWriter(buffer);
            message.Write(ref writer, version);
            writer.Flush();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
