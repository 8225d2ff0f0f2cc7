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
    /// <summary>The principal that has no type but this one.</summary>
    private const string UserType = "User";

    /// <summary>The version of what an Envelope holds of the principal.</summary>
    private const short PrincipalVersion = 0;

    /// <summary>The user that asks; null where the broker asks for itself.</summary>
    public string? User { get; init; }

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
            ClientId = context.ClientId,
            ClientAddress = context.RemoteAddress,
            ListenerName = context.ListenerName,
            CorrelationId = context.CorrelationId,
        };
    }

    /// <summary>What who asks may do by the rules of the node that the request was forwarded to. A broker that asks for itself may do all.</summary>
    public Access AccessBy(IAuthorizer? rules) => User is null ? Access.Unlimited : new Access($"{UserType}:{User}", ClientAddress, ListenerName, rules);

    /// <summary>As it crosses a wire.</summary>
    public EnvelopeRequest ToEnvelope()
    {
        var headerVersion = ApiCatalog.Get(Body.Key).RequestHeaderVersion(Version);
        var header = new RequestHeader { RequestApiKey = (short)Body.Key, RequestApiVersion = Version, CorrelationId = CorrelationId, ClientId = ClientId };
        return new EnvelopeRequest
        {
            RequestData = Bytes((header, headerVersion), (Body, Version)),
            RequestPrincipal = User is null
                ? null
                : [0, (byte)PrincipalVersion, .. Bytes((new DefaultPrincipalData { Type = UserType, Name = User }, PrincipalVersion))],
            ClientHostAddress = ClientAddress.GetAddressBytes(),
        };
    }

    /// <summary>As it comes off a wire, by a listener. Throws <see cref="WireFormatException"/> for bytes that are no request.</summary>
    public static ForwardedRequest Of(EnvelopeRequest envelope, string listenerName)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var reader = new WireReader(new ReadOnlySequence<byte>(envelope.RequestData));
        var key = (ApiKey)reader.ReadInt16();
        var version = reader.ReadInt16();
        reader = new WireReader(new ReadOnlySequence<byte>(envelope.RequestData));
        var header = RequestHeader.Read(ref reader, ApiCatalog.Get(key).RequestHeaderVersion(version));
        return new ForwardedRequest(ApiCatalog.ReadRequest(key, ref reader, version), version)
        {
            User = envelope.RequestPrincipal is { } principal ? UserOf(principal) : null,
            ClientId = header.ClientId,
            ClientAddress = new IPAddress(envelope.ClientHostAddress),
            ListenerName = listenerName,
            CorrelationId = header.CorrelationId,
        };
    }

    private static string UserOf(byte[] principal)
    {
        var reader = new WireReader(new ReadOnlySequence<byte>(principal));
        var version = reader.ReadInt16();
        return DefaultPrincipalData.Read(ref reader, version).Name;
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
