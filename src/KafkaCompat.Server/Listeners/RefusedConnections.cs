using System.Net;

namespace KafkaCompat.Server.Listeners;

/// <summary>Reports connections that are closed as they come: one line a minute, however many there are.</summary>
internal static class RefusedConnections
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>What a transport calls for each of them, so that <paramref name="report"/> gets where the last came to and how many came in all.</summary>
    public static Action<EndPoint> Reporting(Action<EndPoint, long> report, TimeProvider time)
    {
        var count = 0L;
        var gate = new Lock();
        long? reportedAt = null;
        return endpoint =>
        {
            var closed = Interlocked.Increment(ref count);
            lock (gate)
            {
                if (reportedAt is { } last && time.GetElapsedTime(last) < Pause)
                {
                    return;
                }

                reportedAt = time.GetTimestamp();
            }

            report(endpoint, closed);
        };
    }
}
