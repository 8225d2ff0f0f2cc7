using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests;

/// <summary>Two disks in memory. Writes to one of them take time, or do not end before it is told so.</summary>
internal sealed class TwoDisks : IDisposable
{
    private readonly ManualTime _time;
    private readonly TaskCompletionSource _hasHung = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _mayGoOn = new(initialState: true);
    private volatile string? _hangsAt;
    private volatile bool _isOfSyncs;
    private int _hanging;

    public TwoDisks(ManualTime time)
    {
        _time = time;
        Inner = new ForgetfulFileStore(time);
        Files = new HookedFileStore(Inner)
        {
            BeforeWrite = Write,
            BeforeSync = path =>
            {
                if (path.StartsWith(SlowDiskTests.Slow + "/t-", StringComparison.Ordinal)) Wait();
            },
            Before = (_, path) =>
            {
                if (_hangsAt is { } at && path.StartsWith(at, StringComparison.Ordinal)) Wait();
            },
        };
    }

    /// <summary>The disks below, which answer always.</summary>
    public ForgetfulFileStore Inner { get; }

    public HookedFileStore Files { get; }

    /// <summary>Whose threads wrote to the slow disk's logs, in order; null for none of a disk's.</summary>
    public List<string?> Writers { get; } = [];

    public Task HasHung => _hasHung.Task;

    /// <summary>How long a write to a log takes.</summary>
    public int TakesMs { get; set; }

    /// <summary>What waits for the disk to answer.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    public void Hang()
    {
        _isOfSyncs = false;
        _mayGoOn.Reset();
    }

    /// <summary>As <see cref="Hang"/>, but what is written is written; it does not become durable.</summary>
    public void HangSyncs()
    {
        _isOfSyncs = true;
        _mayGoOn.Reset();
    }

    /// <summary>As <see cref="Hang"/>, whatever is asked of the disk, or of a part of it.</summary>
    public void HangWhole(string at = SlowDiskTests.Slow)
    {
        _hangsAt = at;
        Hang();
    }

    public void GoOn() => _mayGoOn.Set();

    public void Dispose() => _mayGoOn.Dispose();

    private void Write(string path)
    {
        if (!path.StartsWith(SlowDiskTests.Slow, StringComparison.Ordinal) || !path.EndsWith(".log", StringComparison.Ordinal)) return;
        lock (Writers) Writers.Add(NamedThreads.Here);
        if (TakesMs > 0) _time.Advance(TimeSpan.FromMilliseconds(TakesMs));
        if (!_isOfSyncs && path.StartsWith(_hangsAt ?? SlowDiskTests.Slow, StringComparison.Ordinal)) Wait();
    }

    private void Wait()
    {
        if (_mayGoOn.IsSet) return;
        _ = Interlocked.Increment(ref _hanging);
        _ = _hasHung.TrySetResult();
        _mayGoOn.Wait();
        _ = Interlocked.Decrement(ref _hanging);
    }
}
