using System.Net;

namespace KafkaCompat.Server.Listeners;

/// <summary>Tells of connections that are closed as they come: one line a minute, however many there are.</summary>
internal static class RefusedConnections
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>What a transport calls for each of them, so that <paramref name="tell"/> gets where the last came to and how many came in all.</summary>
    public static Action<EndPoint> Told(Action<EndPoint, long> tell, TimeProvider time)
    {
        var count = 0L;
        var told = new Lock();
        long? toldAt = null;
        return endpoint =>
        {
            var closed = Interlocked.Increment(ref count);
            lock (told)
            {
                if (toldAt is { } last && time.GetElapsedTime(last) < Pause)
                {
                    return;
                }

                toldAt = time.GetTimestamp();
            }

            tell(endpoint, closed);
        };
    }
}
