using System.Net;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>The named events of the program around the node.</summary>
internal static partial class HostLog
{
    [LoggerMessage(100, LogLevel.Information, "Listener {Listener} is bound to {Address}")]
    public static partial void Bound(ILogger logger, string listener, EndPoint address);

    [LoggerMessage(101, LogLevel.Information, "Connection from {Address} on {Listener} closed: the address has as many as max.connections.per.ip allows it")]
    public static partial void AddressIsFull(ILogger logger, string listener, IPAddress address);

    [LoggerMessage(102, LogLevel.Error, "Connection from {Address} on {Listener} failed")]
    public static partial void ConnectionFailed(ILogger logger, Exception exception, string listener, IPAddress address);

    [LoggerMessage(104, LogLevel.Warning, "Listener {Listener} accepts no more: {Count} connections are open (max.connections); the next waits for another's end")]
    public static partial void ListenerIsFull(ILogger logger, string listener, int count);

    [LoggerMessage(105, LogLevel.Warning, "{Count} connections had not ended {Milliseconds} ms after the stop began and are reset")]
    public static partial void NotDrained(ILogger logger, int count, int milliseconds);

    [LoggerMessage(106, LogLevel.Warning, "{Host} of max.connections.per.ip.overrides or of a quota has no address; its number does not count")]
    public static partial void NoSuchHost(ILogger logger, string host);

    [LoggerMessage(107, LogLevel.Information, "This process may have {Limit} files and sockets open (-1: unknown)")]
    public static partial void OpenFiles(ILogger logger, long limit);

    [LoggerMessage(108, LogLevel.Warning, "Metrics and health are not served: {Reason} (the default of {Setting}; set it to another port, or to none)")]
    public static partial void NoHttp(ILogger logger, string reason, string setting);

    [LoggerMessage(109, LogLevel.Information, "Metrics and health are served on http://{Address}")]
    public static partial void HttpServed(ILogger logger, string address);

    [LoggerMessage(110, LogLevel.Error, "Metrics and health are not served: the HTTP server could not start")]
    public static partial void HttpFailed(ILogger logger, Exception exception);

    [LoggerMessage(111, LogLevel.Debug, "Connection from {Address} on {Listener} is not served and closed in {Milliseconds} ms: the address connects more often than its quota (connection_creation_rate) allows")]
    public static partial void AddressIsThrottled(ILogger logger, string listener, IPAddress address, long milliseconds);

    [LoggerMessage(112, LogLevel.Warning, "A scrape of /metrics was cut at {Bytes} bytes; later ones are too while there is so much, and this is said once")]
    public static partial void ScrapeCut(ILogger logger, long bytes);

    [LoggerMessage(113, LogLevel.Information, "The start ends on {Signal}. {Stage}")]
    public static partial void StoppingStart(ILogger logger, string signal, string stage);

    [LoggerMessage(114, LogLevel.Warning, "The start did not end in time, and the process ends without it; the next start checks the files. {Stage}")]
    public static partial void StartAbandoned(ILogger logger, string stage);

    [LoggerMessage(103, LogLevel.Information, "Stopping on {Signal}")]
    public static partial void Stopping(ILogger logger, string signal);

    [LoggerMessage(113, LogLevel.Information, "{Signal} came while the node stops and changes nothing. SIGKILL ends the node at once; the next start then checks its files")]
    public static partial void StillStopping(ILogger logger, string signal);

    [LoggerMessage(114, LogLevel.Warning, "SIGQUIT changes nothing: this program has no thread dump. SIGTERM stops the node")]
    public static partial void NoThreadDump(ILogger logger);

    [LoggerMessage(115, LogLevel.Information, "Stopped after {Milliseconds} ms")]
    public static partial void Stopped(ILogger logger, long milliseconds);
}
