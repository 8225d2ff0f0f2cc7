namespace KafkaCompat.Storage.Files;

/// <summary>How far the opening of logs is.</summary>
/// <param name="Opened">Logs that are open.</param>
/// <param name="Logs">Logs that were found; those of a directory count when it is looked at.</param>
/// <param name="CheckedBytes">Bytes of batches that were read and checked.</param>
/// <param name="Repairs">What had to be repaired.</param>
public readonly record struct RecoveryProgress(int Opened, int Logs, long CheckedBytes, long Repairs);

/// <summary>Hears of the opening of logs, on the threads that open them.</summary>
public interface IRecoveryListener
{
    /// <summary>Nobody listens.</summary>
    static IRecoveryListener None { get; } = new Nobody();

    /// <summary>Something was repaired.</summary>
    void Repaired(LogRepair repair);

    /// <summary>Some time has passed since the last word, or since the first log.</summary>
    void Progressed(RecoveryProgress progress);

    /// <summary>The logs that were found are open, or will not be: what was gathered can be logged.</summary>
    void Ended()
    {
    }

    private sealed class Nobody : IRecoveryListener
    {
        public void Repaired(LogRepair repair)
        {
        }

        public void Progressed(RecoveryProgress progress)
        {
        }
    }
}

/// <summary>
/// The opening of a node's logs as it goes: what was repaired, how far it is, and whether it is to stop. All directories of a node share one. Whoever reads a
/// log from one end to the other asks <see cref="Checked"/> or <see cref="ThrowIfStopped"/> after each batch, so that no start keeps a node from ending.
/// </summary>
public sealed class RecoveryWatch(TimeProvider clock, IRecoveryListener listener, CancellationToken stop = default)
{
    /// <summary>How often the listener hears of progress.</summary>
    public const int ProgressIntervalMs = 5_000;

    private readonly long[] _repairs = new long[Enum.GetValues<RepairAct>().Length];
    private const int DamageRemembered = 1_000;

    private readonly HashSet<LogRepair> _damage = [];
    private readonly Lock _gate = new();
    private long _reported = clock.GetTimestamp();
    private int _opened;
    private int _logs;
    private long _checkedBytes;

    public RecoveryProgress Progress => new(Volatile.Read(ref _opened), Volatile.Read(ref _logs), Volatile.Read(ref _checkedBytes), Repairs);

    /// <summary>How many repairs there were.</summary>
    public long Repairs
    {
        get
        {
            long all = 0;
            for (var i = 0; i < _repairs.Length; i++)
                all += Volatile.Read(ref _repairs[i]);
            return all;
        }
    }

    /// <summary>How often something was done.</summary>
    public long CountOf(RepairAct act) => Volatile.Read(ref _repairs[(int)act]);

    /// <summary>Logs are about to be opened.</summary>
    public void Found(int logs) => _ = Interlocked.Add(ref _logs, logs);

    /// <summary>A log is open.</summary>
    public void Opened()
    {
        _ = Interlocked.Increment(ref _opened);
        ReportIfDue();
    }

    /// <summary>Bytes were read. Throws <see cref="OperationCanceledException"/> where the opening is to stop.</summary>
    public void Checked(long bytes)
    {
        _ = Interlocked.Add(ref _checkedBytes, bytes);
        ThrowIfStopped();
        ReportIfDue();
    }

    /// <summary>
    /// Throws <see cref="OperationCanceledException"/> where the opening is to stop: the files stay as they are, and the next start goes over them again.
    /// </summary>
    public void ThrowIfStopped() => stop.ThrowIfCancellationRequested();

    /// <summary>The opening of the logs has come to its end, whichever.</summary>
    public void Ended() => listener.Ended();

    /// <summary>Something was repaired.</summary>
    public void Repaired(LogRepair repair)
    {
        ArgumentNullException.ThrowIfNull(repair);
        if (repair.Act is RepairAct.DamageKept && WasReported(repair))
            return;
        _ = Interlocked.Increment(ref _repairs[(int)repair.Act]);
        listener.Repaired(repair);
    }

    /// <summary>Damage that stays is met by each walk over its segment, and is one thing to say.</summary>
    private bool WasReported(LogRepair damage)
    {
        lock (_gate)
            return _damage.Contains(damage) || (_damage.Count < DamageRemembered && !_damage.Add(damage));
    }

    private void ReportIfDue()
    {
        if (clock.GetElapsedTime(Volatile.Read(ref _reported)).TotalMilliseconds < ProgressIntervalMs)
            return;
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            if (clock.GetElapsedTime(_reported, now).TotalMilliseconds < ProgressIntervalMs)
                return;
            Volatile.Write(ref _reported, now);
        }
        listener.Progressed(Progress);
    }
}
