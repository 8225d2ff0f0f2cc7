using KafkaCompat.Protocol;

namespace KafkaCompat.Testing;

/// <summary>
/// The requests that a fault is for. <see cref="When"/> and <see cref="After"/> narrow them; the other methods say what happens and put the fault in force.
/// <c>times</c> is how often it happens at most.
/// </summary>
public sealed class FaultTarget
{
    private readonly FaultPlan _plan;
    private readonly ApiKey? _key;
    private readonly Func<FaultedRequest, bool>? _when;
    private readonly int _after;

    internal FaultTarget(FaultPlan plan, ApiKey? key, Func<FaultedRequest, bool>? when = null, int after = 0) =>
        (_plan, _key, _when, _after) = (plan, key, when, after);

    /// <summary>
    /// Only requests of which this holds too. It runs where requests are started, so it should be quick; what it throws closes the connection.
    /// </summary>
    public FaultTarget When(Func<FaultedRequest, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var earlier = _when;
        return new(_plan, _key, earlier is null ? condition : request => earlier(request) && condition(request), _after);
    }

    /// <summary>Lets the first requests pass.</summary>
    public FaultTarget After(int requests)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(requests);
        return new(_plan, _key, _when, requests);
    }

    /// <summary>
    /// The request is not handled; its answer says <paramref name="error"/> wherever an answer of its kind and version has room for it: for every topic,
    /// partition, group or resource that it names. A produce request with <c>acks=0</c> knows no answer; its connection closes, as a broker closes it.
    /// </summary>
    public Fault Fail(ErrorCode error, int times = int.MaxValue) =>
        error == ErrorCode.None
            ? throw new ArgumentException("ErrorCode.None is not an error.", nameof(error))
            : Make(FaultKind.Error, error, TimeSpan.Zero, times);

    /// <summary>
    /// The request is handled at once and its answer held back, by the broker's clock (<see cref="KafkaCompatBrokerOptions.TimeProvider"/>). Answers of one
    /// connection keep their order, so those behind it wait too, as they do with Kafka.
    /// </summary>
    public Fault Delay(TimeSpan delay, int times = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return Make(FaultKind.None, ErrorCode.None, delay, times);
    }

    /// <summary>The request is lost: it is not handled, and its connection closes once earlier requests are answered.</summary>
    public Fault DropConnection(int times = int.MaxValue) => Make(FaultKind.DropRequest, ErrorCode.None, TimeSpan.Zero, times);

    /// <summary>
    /// The answer is lost: the request takes effect, and the connection closes instead of its answer. It shows whether retries lead to duplicates.
    /// </summary>
    public Fault DropAnswer(int times = int.MaxValue) => Make(FaultKind.DropAnswer, ErrorCode.None, TimeSpan.Zero, times);

    /// <summary>Nothing happens; the result counts the requests.</summary>
    public Fault Watch() => Make(FaultKind.None, ErrorCode.None, TimeSpan.Zero, int.MaxValue);

    private Fault Make(FaultKind kind, ErrorCode error, TimeSpan delay, int times)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        return _plan.Add(new Fault(_plan, _key, _when, _after, new FaultVerdict(kind, error, delay), times));
    }
}
