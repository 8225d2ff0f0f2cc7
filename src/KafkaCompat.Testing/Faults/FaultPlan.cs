using KafkaCompat.Protocol;

namespace KafkaCompat.Testing;

/// <summary>
/// What goes wrong, and with which requests. Every fault counts how often it has struck. Faults are looked at in the order in which they were made: all delays
/// that apply add up, and the first error or drop that applies decides; those behind it are not counted. Safe for any number of threads.
/// </summary>
/// <example>
/// <code>
/// var refused = broker.Faults.On(ApiKey.Produce).Fail(ErrorCode.NotLeaderOrFollower, times: 3);
/// broker.Faults.On(ApiKey.Fetch).When(r => r.ClientId == "slow").Delay(TimeSpan.FromSeconds(2));
/// </code>
/// </example>
public sealed class FaultPlan
{
    private readonly Lock _gate = new();
    private volatile Fault[] _faults = [];

    internal FaultPlan()
    {
    }

    /// <summary>The faults that may still strike.</summary>
    public IReadOnlyList<Fault> Active => [.. _faults.Where(static fault => !fault.IsOver)];

    /// <summary>Requests of one kind.</summary>
    public FaultTarget On(ApiKey key) => new(this, key);

    /// <summary>Every request, those with which a client makes itself known among them.</summary>
    public FaultTarget OnAny() => new(this, null);

    /// <summary>Ends all faults. Answers that are being delayed already are not hurried.</summary>
    public void Clear()
    {
        lock (_gate) _faults = [];
    }

    internal Fault Add(Fault fault)
    {
        lock (_gate) _faults = [.. _faults, fault];
        return fault;
    }

    internal void Remove(Fault fault)
    {
        lock (_gate) _faults = [.. _faults.Where(other => other != fault)];
    }

    /// <summary>What becomes of a request; null where no fault strikes it.</summary>
    internal FaultVerdict? Judge(in FaultedRequest request)
    {
        FaultVerdict? verdict = null;
        foreach (var fault in _faults)
        {
            if (!fault.Strikes(request)) continue;
            var decided = verdict ?? new FaultVerdict(FaultKind.None, ErrorCode.None, TimeSpan.Zero);
            verdict = fault.Kind is FaultKind.None
                ? decided with { Delay = decided.Delay + fault.Delay }
                : decided with { Kind = fault.Kind, Error = fault.Error };
            if (fault.Kind is not FaultKind.None) break;
        }

        return verdict;
    }
}
