using System.Net;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>The named events of the program around the node.</summary>
internal static partial class HostLog
{
    [LoggerMessage(100, LogLevel.Information, "Listener {Listener} is bound to {Address}")]
    public static partial void Bound(ILogger logger, string listener, EndPoint address);

    [LoggerMessage(101, LogLevel.Warning, "Connection from {Address} on {Listener} closed: {Total} connections are open, {OfAddress} from this address")]
    public static partial void ConnectionRefused(ILogger logger, string listener, IPAddress address, int total, int ofAddress);

    [LoggerMessage(102, LogLevel.Error, "Connection from {Address} on {Listener} failed")]
    public static partial void ConnectionFailed(ILogger logger, Exception exception, string listener, IPAddress address);

    [LoggerMessage(103, LogLevel.Information, "Stopping on {Signal}")]
    public static partial void Stopping(ILogger logger, string signal);
}
