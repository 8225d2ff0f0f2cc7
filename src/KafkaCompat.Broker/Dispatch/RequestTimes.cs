namespace KafkaCompat.Broker.Dispatch;

/// <summary>How long each stretch of a request's way took, in milliseconds.</summary>
/// <param name="QueueMs">From its last byte, or the end of the request before it, to its handler.</param>
/// <param name="LocalMs">In its handler, until that had the answer or waited for it.</param>
/// <param name="RemoteMs">While the handler waited.</param>
/// <param name="SendMs">While the answer waited for those before it and was written.</param>
internal readonly record struct RequestTimes(double QueueMs, double LocalMs, double RemoteMs, double SendMs)
{
    private const int Digits = 3;

    /// <summary>All of it.</summary>
    public double TotalMs => Math.Round(QueueMs + LocalMs + RemoteMs + SendMs, Digits);

    /// <summary>From timestamps; those of stretches that did not come about are 0.</summary>
    public static RequestTimes Of(long started, long begun, long handled, long completed, long written, TimeProvider time)
    {
        var answered = completed == 0 ? written : completed;
        var waits = handled == 0 ? answered : handled;
        return new RequestTimes(Ms(started, begun), Ms(begun, waits), Ms(waits, answered), Ms(answered, written));

        double Ms(long from, long to) => Math.Round(time.GetElapsedTime(from, to).TotalMilliseconds, Digits);
    }
}
