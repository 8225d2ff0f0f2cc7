namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// Does all work of a simulated world on one thread, a step at a time. Of the steps that are ready, which the seed picks one, as threads would in no order
/// that anybody may rely on; when none is, time jumps to the next that is due. Nothing else moves time.
/// </summary>
internal sealed class SimScheduler(int seed, Trace trace)
{
    /// <summary>How long a step takes at most, in ticks of 100 ns: twenty microseconds.</summary>
    private const int MaxStepTicks = 200;

    private readonly Random _choice = new(seed);
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<Step> _ready = [];
    private readonly PriorityQueue<Step, (long Due, long Number)> _later = new();
    private readonly List<string> _strangers = [];
    private long _number;
    private int _contexts;

    /// <summary>The world's time in ticks of 100 ns, which no node knows.</summary>
    public long Now { get; private set; }

    /// <summary>Steps that were done.</summary>
    public long Steps { get; private set; }

    /// <summary>What came from another thread than the simulation's: where it was posted.</summary>
    public IReadOnlyList<string> Strangers
    {
        get
        {
            lock (_strangers)
            {
                return [.. _strangers];
            }
        }
    }

    /// <summary>A place for the work of one part of the world.</summary>
    public SimContext Context(string name) => new(this, name, ++_contexts);

    /// <summary>A step to be done some time from now on.</summary>
    public void Post(SimContext context, SendOrPostCallback work, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            lock (_strangers)
            {
                _strangers.Add(Environment.StackTrace);
            }

            return;
        }

        _ready.Add(new Step(context, work, state));
    }

    /// <summary>A step to be done when a time has come, or soon after.</summary>
    public void PostAt(long due, SimContext context, SendOrPostCallback work, object? state) =>
        _later.Enqueue(new Step(context, work, state), (Math.Max(due, Now), ++_number));

    /// <summary>Goes on until a condition holds, or a time has come; whether the condition holds.</summary>
    public bool Run(Func<bool> isOver, long until)
    {
        var before = SynchronizationContext.Current;
        try
        {
            while (!isOver())
            {
                while (_later.TryPeek(out _, out var next) && next.Due <= Now)
                {
                    _ready.Add(_later.Dequeue());
                }

                if (_ready.Count == 0)
                {
                    if (Now >= until || !_later.TryPeek(out _, out var next))
                    {
                        return false;
                    }

                    Now = Math.Min(next.Due, until);
                    continue;
                }

                Do(TakeOne());
            }

            return true;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private Step TakeOne()
    {
        var index = _ready.Count == 1 ? 0 : _choice.Next(_ready.Count);
        var step = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        return step;
    }

    private void Do(Step step)
    {
        if (step.Context.IsDead)
        {
            return;
        }

        Steps++;
        Now += _choice.Next(MaxStepTicks);
        trace.Step(Now, step.Context.Number);
        if (trace.IsRead)
        {
            var method = step.Work.Method;
            var state = (step.State as Delegate)?.Target ?? step.State;
            trace.Note(FormattableString.Invariant($"{Now / 10_000.0:f3} {step.Context.Name} {method.DeclaringType?.Name}.{method.Name} {state?.GetType()}"));
        }

        SynchronizationContext.SetSynchronizationContext(step.Context);
        step.Work(step.State);
    }

    private readonly record struct Step(SimContext Context, SendOrPostCallback Work, object? State);
}
