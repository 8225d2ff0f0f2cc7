using System.Net;
using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Connections;

/// <summary>The named events of connections.</summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(1001, LogLevel.Information, "Closing {ConnectionId} from {Remote}: a frame of {Length} bytes, the limit is {Limit} (socket.request.max.bytes).")]
    public static partial void FrameRefused(ILogger logger, string connectionId, IPAddress remote, int length, int limit);

    [LoggerMessage(1002, LogLevel.Information, "Closing {ConnectionId} from {Remote}: API key {Key} version {Version} is not served on this listener.")]
    public static partial void KeyNotServed(ILogger logger, string connectionId, IPAddress remote, short key, short version);

    [LoggerMessage(1003, LogLevel.Information, "Closing {ConnectionId} from {Remote}: {Key} is not served in version {Version}.")]
    public static partial void VersionNotServed(ILogger logger, string connectionId, IPAddress remote, ApiKey key, short version);

    [LoggerMessage(1004, LogLevel.Information, "Closing {ConnectionId} from {Remote}: unreadable request: {Reason}")]
    public static partial void RequestUnreadable(ILogger logger, string connectionId, IPAddress remote, string reason);

    [LoggerMessage(1005, LogLevel.Error, "The handler of {Key} version {Version} failed for client {ClientId}; its connection is closed.")]
    public static partial void HandlerFailed(ILogger logger, Exception exception, ApiKey key, short version, string? clientId);

    [LoggerMessage(1006, LogLevel.Debug, "Closing {ConnectionId} from {Remote}: idle for {IdleMs} ms (connections.max.idle.ms).")]
    public static partial void IdleClosed(ILogger logger, string connectionId, IPAddress remote, long idleMs);

    [LoggerMessage(1008, LogLevel.Warning, "Closing {ConnectionId} from {Remote}: it has read nothing for {StillMs} ms of the {UnreadBytes} bytes that wait for it, and others need the memory. The unread answers of all connections take {OfAllBytes} bytes.")]
    public static partial void StalledClosed(ILogger logger, string connectionId, IPAddress remote, int stillMs, long unreadBytes, long ofAllBytes);

    [LoggerMessage(1007, LogLevel.Error, "An answer on {ConnectionId} could not be written; the connection is closed.")]
    public static partial void AnswerFailed(ILogger logger, Exception exception, string connectionId);
}
