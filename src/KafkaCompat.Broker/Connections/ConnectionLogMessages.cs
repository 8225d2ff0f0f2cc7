using System.Net;
using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Connections;

/// <summary>The log messages of connections.</summary>
internal static partial class ConnectionLogMessages
{
    [LoggerMessage(EventId = 1001,
        Message = "Closing {ConnectionId} from {Remote}: its frame has {Length} bytes, and the limit is {Limit} (socket.request.max.bytes).")]
    public static partial void FrameRefused(ILogger logger, LogLevel level, string connectionId, IPAddress remote, int length, int limit);

    [LoggerMessage(EventId = 1002, Message = "Closing {ConnectionId} from {Remote}: API key {Key} version {Version} is not served on listener {Listener}.")]
    public static partial void KeyNotServed(ILogger logger, LogLevel level, string connectionId, IPAddress remote, short key, short version, string listener);

    [LoggerMessage(EventId = 1003, Message = "Closing {ConnectionId} from {Remote}: {Key} is not served in version {Version}.")]
    public static partial void VersionNotServed(ILogger logger, LogLevel level, string connectionId, IPAddress remote, ApiKey key, short version);

    [LoggerMessage(EventId = 1004, Message = "Closing {ConnectionId} from {Remote}: a request cannot be read: {Reason}")]
    public static partial void RequestUnreadable(ILogger logger, LogLevel level, string connectionId, IPAddress remote, string reason);

    [LoggerMessage(1005, LogLevel.Error, "The handler of {Key} version {Version} failed for client {ClientId}. Its connection is closed.")]
    public static partial void HandlerFailed(ILogger logger, Exception exception, ApiKey key, short version, string? clientId);

    [LoggerMessage(1006, LogLevel.Debug, "Closing {ConnectionId} from {Remote}: idle for {IdleMs} ms (connections.max.idle.ms).")]
    public static partial void IdleClosed(ILogger logger, string connectionId, IPAddress remote, long idleMs);

    [LoggerMessage(1007, LogLevel.Error, "An answer on {ConnectionId} could not be written. The connection is closed.")]
    public static partial void AnswerFailed(ILogger logger, Exception exception, string connectionId);

    [LoggerMessage(1008, LogLevel.Warning,
        "Closing {ConnectionId} from {Remote}: it has read nothing for {StillMs} ms. {UnreadBytes} bytes of answers wait for it, of {OfAllBytes} for all "
        + "connections, and others need the memory.")]
    public static partial void StalledClosed(ILogger logger, string connectionId, IPAddress remote, int stillMs, long unreadBytes, long ofAllBytes);

    [LoggerMessage(EventId = 1009,
        Message = "Closing {ConnectionId} from {Remote}: it speaks {Protocol}, and listener {Listener} speaks Kafka's protocol. {Advice}.")]
    public static partial void ForeignProtocol(ILogger logger, LogLevel level, string connectionId, IPAddress remote, string protocol, string listener,
        string advice);

    [LoggerMessage(EventId = 1010,
        Message =
        "Closing {ConnectionId} from {Remote}: its request of {Length} bytes has waited for {WaitMs} ms, and large requests of other connections hold the "
        + "memory for them.")]
    public static partial void NoTurnToDecode(ILogger logger, LogLevel level, string connectionId, IPAddress remote, long length, int waitMs);

    [LoggerMessage(EventId = 1011,
        Message =
        "A client at {Remote} asked to log in with {Mechanism}, and listener {Listener} has no authentication. Remove security.protocol and sasl.* from the "
        + "client, or set security.protocol=PLAINTEXT.")]
    public static partial void LoginNotNeeded(ILogger logger, LogLevel level, IPAddress remote, string mechanism, string listener);

    [LoggerMessage(1012, LogLevel.Error, "An answer on {ConnectionId} was sent, and could not be counted or logged.")]
    public static partial void AnswerNotCounted(ILogger logger, Exception exception, string connectionId);

    [LoggerMessage(EventId = 1013,
        Message = "Closing {ConnectionId} from {Remote}: the answer to its {Key} would have {Bytes} bytes, the limit is {Limit}. Ask for less in one request.")]
    public static partial void AnswerTooLarge(ILogger logger, LogLevel level, string connectionId, IPAddress remote, ApiKey key, int bytes, int limit);

    [LoggerMessage(1014, LogLevel.Warning,
        "Closing {ConnectionId} from {Remote}: it has read an answer for {SlowMs} ms and is not at its end. {UnreadBytes} bytes of answers wait for it, of "
        + "{OfAllBytes} for all connections, and others need the memory.")]
    public static partial void SlowClosed(ILogger logger, string connectionId, IPAddress remote, int slowMs, long unreadBytes, long ofAllBytes);
}
