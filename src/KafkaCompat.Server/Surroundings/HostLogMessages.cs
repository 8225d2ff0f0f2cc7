using System.Net;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Surroundings;

/// <summary>The log messages of the program around the node.</summary>
internal static partial class HostLogMessages
{
    [LoggerMessage(100, LogLevel.Information, "Listener {Listener} is bound to {Address}")]
    public static partial void Bound(ILogger logger, string listener, EndPoint address);

    [LoggerMessage(101, LogLevel.Information,
        "Closing a connection from {Address} on {Listener}: the address has as many open as max.connections.per.ip allows")]
    public static partial void AddressIsFull(ILogger logger, string listener, IPAddress address);

    [LoggerMessage(102, LogLevel.Error, "Connection from {Address} on {Listener} failed")]
    public static partial void ConnectionFailed(ILogger logger, Exception exception, string listener, IPAddress address);

    [LoggerMessage(103, LogLevel.Information, "Stopping on {Signal}")]
    public static partial void Stopping(ILogger logger, string signal);

    [LoggerMessage(104, LogLevel.Warning,
        "Listener {Listener} accepts no more connections than max.connections allows: {Count}. The next one waits until another ends")]
    public static partial void ListenerIsFull(ILogger logger, string listener, int count);

    [LoggerMessage(105, LogLevel.Warning, "Resetting the connections that are still open {Milliseconds} ms after the stop began: {Count}")]
    public static partial void NotDrained(ILogger logger, int count, int milliseconds);

    [LoggerMessage(106, LogLevel.Warning,
        "The limit of host {Host} is ignored, because the name resolves to no address. max.connections.per.ip.overrides or a quota names it")]
    public static partial void NoSuchHost(ILogger logger, string host);

    [LoggerMessage(107, LogLevel.Information, "Files and sockets that this process can have open (ulimit -n): {Limit}")]
    public static partial void OpenFiles(ILogger logger, long limit);

    [LoggerMessage(108, LogLevel.Warning, "Metrics and health are not served: {Reason} Set {Setting} to another port, or to none")]
    public static partial void NoHttp(ILogger logger, string reason, string setting);

    [LoggerMessage(109, LogLevel.Information, "Metrics and health are served on http://{Address}")]
    public static partial void HttpServed(ILogger logger, string address);

    [LoggerMessage(110, LogLevel.Error, "Metrics and health are not served: the HTTP server could not start")]
    public static partial void HttpFailed(ILogger logger, Exception exception);

    [LoggerMessage(111, LogLevel.Debug,
        "Closing a connection from {Address} on {Listener} in {Milliseconds} ms without serving it: the address connects more often than its quota "
        + "(connection_creation_rate) allows")]
    public static partial void AddressIsThrottled(ILogger logger, string listener, IPAddress address, long milliseconds);

    [LoggerMessage(112, LogLevel.Warning, "A scrape of /metrics was cut at {Bytes} bytes. Further cut scrapes are not logged")]
    public static partial void ScrapeCut(ILogger logger, long bytes);

    [LoggerMessage(113, LogLevel.Information, "Stopping on {Signal}, during the start. {Stage}")]
    public static partial void StoppingStart(ILogger logger, string signal, string stage);

    [LoggerMessage(114, LogLevel.Warning, "The process ends without waiting any longer for the start to stop. The next start checks the files. {Stage}")]
    public static partial void StartAbandoned(ILogger logger, string stage);

    [LoggerMessage(115, LogLevel.Information, "Stopped after {Milliseconds} ms")]
    public static partial void Stopped(ILogger logger, long milliseconds);

    [LoggerMessage(116, LogLevel.Information,
        "{Program} starts as node {Node} with the roles {Roles}, process {Process}, .NET {Runtime}, processors: {Processors}")]
    public static partial void Starting(ILogger logger, string program, int node, string roles, int process, string runtime, int processors);

    [LoggerMessage(117, LogLevel.Information, "Settings other than their default: {Settings}")]
    public static partial void Settings(ILogger logger, string settings);

    [LoggerMessage(118, LogLevel.Information,
        "Node {Node} of cluster {Cluster} serves clients on {Listeners}, topics: {Topics}, partitions: {Partitions}, directories: {Directories}")]
    public static partial void Serving(ILogger logger, int node, string cluster, string listeners, int topics, int partitions, string directories);

    [LoggerMessage(119, LogLevel.Warning, "The HTTP server did not stop in order. The node stops all the same")]
    public static partial void HttpNotStopped(ILogger logger, Exception exception);

    [LoggerMessage(120, LogLevel.Information,
        "The node is stopping already, so {Signal} changes nothing. SIGKILL ends the node at once, and the next start then checks its files")]
    public static partial void StillStopping(ILogger logger, string signal);

    [LoggerMessage(121, LogLevel.Warning, "SIGQUIT is ignored, because this program has no thread dump. SIGTERM stops the node")]
    public static partial void NoThreadDump(ILogger logger);

    [LoggerMessage(122, LogLevel.Critical, "A fault of the program ends the node. The next start checks its files")]
    public static partial void NodeFailed(ILogger logger, Exception exception);

    [LoggerMessage(123, LogLevel.Warning,
        "Closing new connections on {Address}, {Count} since the start. The process keeps its last descriptors for files. Raise ulimit -n, "
        + "or set max.connections")]
    public static partial void NoDescriptorForConnection(ILogger logger, EndPoint address, long count);

    [LoggerMessage(124, LogLevel.Warning, "The start failed while it was stopping: {Reason}")]
    public static partial void StartFailedToo(ILogger logger, string reason);

    [LoggerMessage(125, LogLevel.Debug, "The start did not stop in order. The next start checks the files")]
    public static partial void StartEndedInDisorder(ILogger logger, Exception exception);

    [LoggerMessage(126, LogLevel.Warning,
        "The stop goes on without the connections whose requests were still being served {Milliseconds} ms after the reset: {Count}")]
    public static partial void NotEnded(ILogger logger, int count, int milliseconds);

    [LoggerMessage(127, LogLevel.Error,
        "The node has not stopped within {Milliseconds} ms: a disk does not answer. The process ends all the same, without the mark of a clean stop. The "
        + "next start checks the files.")]
    public static partial void StopAbandoned(ILogger logger, int milliseconds);

    [LoggerMessage(128, LogLevel.Warning,
        "Closing new connections on {Address}, where metrics and health are served, {Count} since the start. The process has as many files and sockets open "
        + "as it may (ulimit -n). Raise the limit, or set max.connections")]
    public static partial void NoDescriptorForHttp(ILogger logger, EndPoint address, long count);

    [LoggerMessage(129, LogLevel.Warning,
        "Closing new connections on {Address}, where metrics and health are served, {Count} since the start. As many are open as may be at a time: {Most}")]
    public static partial void HttpIsFull(ILogger logger, EndPoint address, long count, int most);
}
