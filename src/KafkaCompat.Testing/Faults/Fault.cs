using KafkaCompat.Protocol;

namespace KafkaCompat.Testing;

/// <summary>A fault that is in force until it has struck as often as it may, or is disposed of.</summary>
public sealed class Fault : IDisposable
{
    private readonly FaultPlan _plan;
    private readonly ApiKey? _key;
    private readonly Func<FaultedRequest, bool>? _when;
    private readonly int _after;
    private readonly int _times;
    private readonly Lock _gate = new();
    private readonly List<(int Hits, TaskCompletionSource Reached)> _waiting = [];
    private int _seen;
    private int _hits;
    private bool _isRemoved;

    internal Fault(FaultPlan plan, ApiKey? key, Func<FaultedRequest, bool>? when, int after, FaultVerdict verdict, int times)
    {
        (_plan, _key, _when, _after, _times) = (plan, key, when, after, times);
        (Kind, Error, Delay) = verdict;
    }

    /// <summary>How often it has struck.</summary>
    public int Hits
    {
        get { lock (_gate) return _hits; }
    }

    /// <summary>Whether it strikes no more.</summary>
    public bool IsOver
    {
        get { lock (_gate) return _isRemoved || _hits >= _times; }
    }

    internal FaultKind Kind { get; }

    internal ErrorCode Error { get; }

    internal TimeSpan Delay { get; }

    /// <summary>
    /// Completes when it has struck <paramref name="hits"/> times, without a limit of its own: give it a <paramref name="cancellationToken"/>.
    /// </summary>
    public Task WhenHitAsync(int hits = 1, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_hits >= hits) return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((hits, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes the fault out of force.</summary>
    public void Dispose()
    {
        lock (_gate) _isRemoved = true;
        _plan.Remove(this);
    }

    internal bool Strikes(in FaultedRequest request)
    {
        if (_key is { } key && key != request.Key) return false;
        // Outside the lock: the condition is the test's code.
        if (IsOver || !Meets(request)) return false;
        lock (_gate)
        {
            if (_isRemoved || _hits >= _times || _seen++ < _after) return false;
            _hits++;
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Hits > _hits) continue;
                _ = _waiting[i].Reached.TrySetResult();
                _waiting.RemoveAt(i);
            }

            return true;
        }
    }

    private bool Meets(in FaultedRequest request)
    {
        if (_when is null) return true;
        try
        {
            return _when(request);
        }
        catch (Exception e)
        {
            var requests = _key is { } key ? key.ToString() : "any request";
            throw new InvalidOperationException($"The condition that a test gave to When for {requests} threw {e.GetType().Name}: {e.Message}", e);
        }
    }
}
