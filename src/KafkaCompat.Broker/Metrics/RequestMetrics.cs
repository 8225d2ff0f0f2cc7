using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Metrics;

/// <summary>
/// What requests were answered, how long each stretch of their way took, how large they were and with which errors, by API. Recorded on the path of every
/// request: no allocation after the first request of an API, no lock, and cells that threads seldom share.
/// </summary>
public sealed class RequestMetrics(TimeProvider time)
{
    /// <summary>More sets of cells than this are not made, however many processors there are.</summary>
    private const int MaxStripes = 16;

    // How many there were is the sum of the buckets, and the time in handlers what is left of the total.
    private const int NoErrors = 0;
    private const int RequestBytes = 1;
    private const int ResponseBytes = 2;
    private const int TotalTicks = 3;
    private const int RemoteTicks = 4;
    private const int ResponseTicks = 5;
    private const int ThrottledMs = 6;
    private const int QueueTicks = 7;
    private const int FirstBucket = 8;

    /// <summary>The upper bounds of the buckets of times, in seconds; what took longer is in one more.</summary>
    public static double[] Bounds { get; } = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly int Stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, MaxStripes));
    private static readonly int ErrorPlaces = (short)ErrorCodes.All[^1].Code - (short)ErrorCode.UnknownServerError + 1;
    private static readonly int CellsOfStripe = FirstBucket + Bounds.Length + 1;

    private readonly Lock _idleLock = new();
    private long _idleSince = time.GetTimestamp();
    private long _busyBefore;
    private double _idleShare = 1;
    private readonly ApiCells?[] _apis = new ApiCells?[ApiCatalog.All.Length];
    private readonly long[] _boundTicks = [.. Bounds.Select(bound => (long)(bound * time.TimestampFrequency))];

    /// <summary>The clock that the times of answers are taken with.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>An answer lies in the connection's pipe, or was none and is done with. Returns the time, which is when the next request can begin.</summary>
    internal long Record(PendingAnswer answer, int responseBytes)
    {
        var written = time.GetTimestamp();
        var api = _apis[answer.ApiKey] ?? First(answer.ApiKey);
        var cells = api.Stripe(Environment.CurrentManagedThreadId);
        var tally = new ErrorTally(api.Errors);
        answer.Response?.CountErrors(ref tally);
        if (tally.None > 0) Interlocked.Add(ref cells[NoErrors], tally.None);
        Interlocked.Add(ref cells[RequestBytes], answer.RequestBytes);
        Interlocked.Add(ref cells[ResponseBytes], responseBytes);
        var total = written - answer.StartedTicks;
        Interlocked.Add(ref cells[TotalTicks], total);
        Interlocked.Add(ref cells[QueueTicks], answer.BegunTicks - answer.StartedTicks);
        if (answer.CompletedTicks != 0)
        {
            // It did not go out at once: its handler waited, or others stood before it.
            if (answer.HandledTicks != 0) Interlocked.Add(ref cells[RemoteTicks], answer.CompletedTicks - answer.HandledTicks);
            Interlocked.Add(ref cells[ResponseTicks], written - answer.CompletedTicks);
        }
        var bucket = 0;
        while (bucket < _boundTicks.Length && total > _boundTicks[bucket]) bucket++;
        Interlocked.Increment(ref cells[FirstBucket + bucket]);
        return written;
    }

    /// <summary>The stretches of a request's way, of timestamps of this clock.</summary>
    internal RequestTimes TimesOf(long started, long begun, long handled, long completed, long written) =>
        RequestTimes.Of(started, begun, handled, completed, written, time);

    /// <summary>Ticks that the handlers of an API have taken.</summary>
    private static long LocalTicks(ApiCells api) => api.Sum(TotalTicks) - api.Sum(QueueTicks) - api.Sum(RemoteTicks) - api.Sum(ResponseTicks);

    /// <summary>A client was throttled, and its connection is not read for as long.</summary>
    internal void RecordThrottle(ApiKey key, int throttleMs)
    {
        var api = _apis[(short)key] ?? First((short)key);
        Interlocked.Add(ref api.Stripe(Environment.CurrentManagedThreadId)[ThrottledMs], throttleMs);
    }

    /// <summary>Defines the metrics of requests.</summary>
    public void Define(MetricSet metrics)
    {
        const string jmx = "kafka.network:type=RequestMetrics";
        string[] labels = ["api"];
        metrics.Counter("kafka.requests", "{request}", labels, "Requests answered.", $"{jmx},name=RequestsPerSec,request=*,version=*",
            () => Longs(static api => api.Requests));
        metrics.Counter("kafka.request.errors", "{error}", ["api", "error"],
            "Error codes in answers, NONE among them: an answer holds one for each thing that it is about.",
            $"{jmx},name=ErrorsPerSec,request=*,error=*", Errors);
        metrics.Counter("kafka.request.size", "By", labels, "Bytes of requests.", $"{jmx},name=RequestBytes,request=*",
            () => Longs(static api => api.Sum(RequestBytes)));
        metrics.Counter("kafka.response.size", "By", labels, "Bytes of answers.",
            "kafka.server:type=socket-server-metrics,listener=*,networkProcessor=* (outgoing-byte-total)", () => Longs(static api => api.Sum(ResponseBytes)));
        metrics.Histogram("kafka.request.time", labels, "From the request's last byte to its answer's place in the connection's pipe.",
            $"{jmx},name=TotalTimeMs,request=*", Times);
        metrics.Seconds("kafka.request.local.time", labels, "Time in handlers until they had the answer or waited for it.", $"{jmx},name=LocalTimeMs,request=*",
            () => Times(LocalTicks));
        metrics.Seconds("kafka.request.queue.time", labels,
            "Time from requests' last bytes, or the end of those before them on their connections, to their handlers.",
            $"{jmx},name=RequestQueueTimeMs,request=*", () => Times(static api => api.Sum(QueueTicks)));
        metrics.Ratio("kafka.request.handler.idle.ratio",
            "Share of the time since the last time of asking, a second at least, in which the processors were in no handler; 1 is all of it.",
            "kafka.server:type=KafkaRequestHandlerPool,name=RequestHandlerAvgIdlePercent", IdleShare);
        metrics.Seconds("kafka.request.remote.time", labels, "Time that handlers waited: for bytes, acknowledgements, members of a group, the controller.",
            $"{jmx},name=RemoteTimeMs,request=*", () => Times(static api => api.Sum(RemoteTicks)));
        metrics.Seconds("kafka.request.response.time", labels,
            "Time that answers which could not go out at once waited for those before them and were written.",
            $"{jmx},name=ResponseQueueTimeMs,request=* and {jmx},name=ResponseSendTimeMs,request=*", () => Times(static api => api.Sum(ResponseTicks)));
        metrics.Seconds("kafka.request.throttle.time", labels, "Time for which clients were throttled by their quotas; it is part of none of the others.",
            $"{jmx},name=ThrottleTimeMs,request=*", Throttles);
    }

    /// <summary>Handlers run on the threads of sockets, one a processor, so what they have not taken of all processors' time was idle.</summary>
    private double IdleShare()
    {
        lock (_idleLock)
        {
            var now = time.GetTimestamp();
            var elapsed = now - _idleSince;
            if (elapsed < time.TimestampFrequency) return _idleShare;
            var busy = 0L;
            foreach (var api in _apis) busy += api is null ? 0 : LocalTicks(api);
            _idleShare = Math.Clamp(1 - ((double)(busy - _busyBefore) / elapsed / Environment.ProcessorCount), 0, 1);
            (_idleSince, _busyBefore) = (now, busy);
            return _idleShare;
        }
    }

    private ApiCells First(short key)
    {
        _ = Interlocked.CompareExchange(ref _apis[key], new ApiCells(ApiCatalog.Find(key)!.Name), null);
        return _apis[key]!;
    }

    private IEnumerable<System.Diagnostics.Metrics.Measurement<long>> Longs(Func<ApiCells, long> value)
    {
        foreach (var api in _apis)
        {
            if (api is not null) yield return new(value(api), api.Label);
        }
    }

    private IEnumerable<System.Diagnostics.Metrics.Measurement<double>> Times(Func<ApiCells, long> ticks)
    {
        foreach (var api in _apis)
        {
            if (api is not null) yield return new(Seconds(ticks(api)), api.Label);
        }
    }

    private IEnumerable<System.Diagnostics.Metrics.Measurement<double>> Throttles()
    {
        foreach (var api in _apis)
        {
            if (api is not null) yield return new(api.Sum(ThrottledMs) / 1000.0, api.Label);
        }
    }

    private IEnumerable<SecondsHistogram> Times()
    {
        foreach (var api in _apis)
        {
            if (api is null) continue;
            var counts = new long[Bounds.Length + 1];
            for (var i = 0; i < counts.Length; i++) counts[i] = api.Sum(FirstBucket + i);
            yield return new SecondsHistogram([api.Label], Bounds, counts, Seconds(api.Sum(TotalTicks)));
        }
    }

    private IEnumerable<System.Diagnostics.Metrics.Measurement<long>> Errors()
    {
        foreach (var api in _apis)
        {
            if (api is null) continue;
            foreach (var error in ErrorCodes.All)
            {
                var count = error.Code == ErrorCode.None
                    ? api.Sum(NoErrors)
                    : Volatile.Read(ref api.Errors[(short)error.Code - (short)ErrorCode.UnknownServerError]);
                if (count > 0) yield return new(count, api.Label, new KeyValuePair<string, object?>("error", error.Name));
            }
        }
    }

    private double Seconds(long ticks) => (double)ticks / time.TimestampFrequency;

    /// <summary>The cells of one API, made with its first request.</summary>
    private sealed class ApiCells(string name)
    {
        private readonly long[] _cells = new long[Stripes * CellsOfStripe];

        public KeyValuePair<string, object?> Label { get; } = new("api", name);

        public long[] Errors { get; } = new long[ErrorPlaces];

        public long Requests
        {
            get
            {
                var sum = 0L;
                for (var bucket = 0; bucket <= Bounds.Length; bucket++) sum += Sum(FirstBucket + bucket);
                return sum;
            }
        }

        public Span<long> Stripe(int thread) => _cells.AsSpan((thread & (Stripes - 1)) * CellsOfStripe, CellsOfStripe);

        public long Sum(int cell)
        {
            var sum = 0L;
            for (var stripe = 0; stripe < Stripes; stripe++) sum += Volatile.Read(ref _cells[(stripe * CellsOfStripe) + cell]);
            return sum;
        }
    }
}
