using System.Net;
using KafkaCompat.Broker.Logging;

namespace KafkaCompat.Server.Listeners;

/// <summary>Reports connections that are closed as they come: one line a minute, however many there are.</summary>
internal static class RefusedConnections
{
    /// <summary>What a transport calls for each of them, so that <paramref name="report"/> gets where the last came to and how many came in all.</summary>
    public static Action<EndPoint> Reporting(Action<EndPoint, long> report, TimeProvider time)
    {
        var refused = new RepeatedEvent(time);
        return endpoint =>
        {
            if (refused.Happened(out var count)) report(endpoint, count);
        };
    }
}
