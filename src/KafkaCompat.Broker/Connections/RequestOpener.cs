using System.Buffers;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// Turns the frames of one connection into requests, and says in the log why one is none. What it reads changes nothing, so that a frame may be opened twice.
/// </summary>
internal sealed class RequestOpener(ConnectionInfo connection, ConnectionSurroundings around)
{
    private readonly DispatchTable _dispatch = connection.Dispatch;
    private readonly ILogger _logger = around.Logger;

    /// <summary>At which level a fault of this connection's client is said.</summary>
    public LogLevel LevelOf(string fault) => around.Limits.Faults?.LevelOf(connection.RemoteAddress, fault) ?? LogLevel.Warning;

    /// <summary>Reads a request whose objects may take <paramref name="maxCost"/> bytes.</summary>
    public OpenedRequest Open(in ReadOnlySequence<byte> frame, long maxCost)
    {
        try
        {
            var reader = new WireReader(frame, maxCost: maxCost);
            var key = reader.ReadInt16();
            var version = reader.ReadInt16();
            var served = _dispatch.Find(key);
            if (served is null)
            {
                if (SaysSasl(frame)) return new(RequestAction.Close);
                var level = LevelOf("key");
                ConnectionLogMessages.KeyNotServed(_logger, level, connection.ConnectionId, connection.RemoteAddress, key, version, connection.ListenerName);
                return new(RequestAction.Close);
            }
            var inRange = version >= served.MinVersion && version <= served.MaxVersion;
            if (!inRange && served.Key != ApiKey.ApiVersions)
            {
                if (SaysSasl(frame)) return new(RequestAction.Close);
                var level = LevelOf("version");
                ConnectionLogMessages.VersionNotServed(_logger, level, connection.ConnectionId, connection.RemoteAddress, served.Key, version);
                return new(RequestAction.Close);
            }
            var correlationId = reader.ReadInt32();
            // Any negative length is null here, as with Kafka.
            var clientId = reader.ReadNullableString(flexible: false);
            if (served.Info.RequestHeaderVersion(version) >= 2) SkipTaggedFields(ref reader);
            if (!inRange) return new(RequestAction.AnswerVersions, served, version, correlationId);
            var context = new RequestContext(served.Key, version, correlationId, clientId, connection)
            {
                Meter = around.Quotas.IsActive ? around.Quotas.Measure((int)frame.Length) : null,
                Log = around.Requests is { IsOn: true } log ? log : null,
            };
            var request = served.Read(ref reader, version);
            return new(RequestAction.Start, served, version, correlationId, context, request, reader.Cost);
        }
        catch (WireFormatException e) when (e.Reason == WireFormatReason.TooCostlyNow)
        {
            return new(RequestAction.ReadInTurn);
        }
        catch (WireFormatException e)
        {
            LogUnreadable(e);
            return new(RequestAction.Close);
        }
    }

    /// <summary>A frame begins with a length that none has: its client speaks another protocol, or sends too much at once.</summary>
    public void LogNoLength(int length, int limit)
    {
        var foreign = ForeignProtocol.Of(length);
        var level = LevelOf(foreign?.Name ?? "length");
        if (foreign is var (name, advice))
            ConnectionLogMessages.ForeignProtocol(_logger, level, connection.ConnectionId, connection.RemoteAddress, name, connection.ListenerName, advice);
        else ConnectionLogMessages.FrameRefused(_logger, level, connection.ConnectionId, connection.RemoteAddress, length, limit);
    }

    /// <summary>A request cannot be read, in its frame or in what its handler reads of it.</summary>
    public void LogUnreadable(WireFormatException fault)
    {
        var level = LevelOf("request");
        ConnectionLogMessages.RequestUnreadable(_logger, level, connection.ConnectionId, connection.RemoteAddress, fault.Message);
    }

    /// <summary>A request would take more memory than all large ones together may.</summary>
    public void LogTooCostly(long length, long most) =>
        LogUnreadable(new WireFormatException(WireFormatReason.TooCostly, $"a message of {length} bytes would allocate more than {most}"));

    /// <summary>Says that a client wants to log in, where that is what a request asks for.</summary>
    public void LogIfLogin(IRequest request)
    {
        if (request is SaslHandshakeRequest handshake) LogLogin(SaslMessage.NameOf(handshake.Mechanism));
        if (request is SaslAuthenticateRequest) LogLogin(SaslMessage.Unknown);
    }

    /// <summary>Whether the frame is the first message of a login in place of a request, and if so says it.</summary>
    private bool SaysSasl(in ReadOnlySequence<byte> frame)
    {
        if (SaslMessage.MechanismOf(frame) is not { } mechanism) return false;
        LogLogin(mechanism);
        return true;
    }

    private void LogLogin(string mechanism)
    {
        var level = LevelOf(SaslMessage.Unknown);
        ConnectionLogMessages.LoginNotNeeded(_logger, level, connection.RemoteAddress, mechanism, connection.ListenerName);
    }

    private static void SkipTaggedFields(ref WireReader reader)
    {
        for (var count = reader.ReadTagCount(); count > 0; count--)
        {
            _ = reader.ReadTag(out var size);
            reader.Skip(size);
        }
    }
}
