namespace KafkaCompat.Storage.Files;

/// <summary>What all logs of one directory share.</summary>
public sealed class LogEnvironment(IFileStore files, TimeProvider clock, Random random, RecoveryWatch? recovery = null)
{
    public IFileStore Files { get; } = files;

    public TimeProvider Clock { get; } = clock;

    /// <summary>For jitter and the names of deleted folders. It is used under the lock of <see cref="RandomGate"/>.</summary>
    public Random Random { get; } = random;

    public Lock RandomGate { get; } = new();

    public DirectoryHealth Health { get; } = new();

    /// <summary>Whether appends to its logs take long.</summary>
    public SlowAppends Appends { get; } = new(clock);

    /// <summary>How long it took to make its logs durable.</summary>
    public FlushTimes Flushes { get; } = new();

    /// <summary><c>producer.id.expiration.ms</c>, which can change while the broker runs.</summary>
    public long ProducerIdExpirationMs { get; set; } = 24L * 3600 * 1000;

    /// <summary>Where tasks that wait for the disk run.</summary>
    public IWorkThreads DiskThreads { get; init; } = IWorkThreads.None;

    /// <summary>Where it is set, appended bytes go to the disk at once and leave memory behind a window; a choice of the operator.</summary>
    public WriteBehind? WriteBehind { get; set; }

    /// <summary>Hears of what the opening of logs finds and repairs, and may stop it.</summary>
    public RecoveryWatch Recovery { get; } = recovery ?? new RecoveryWatch(clock, IRecoveryListener.None);

    /// <summary>Hears of each read that met bytes that are no batch; readers wait for it.</summary>
    public Action<DamagedBatchException>? Damage { get; set; }

    /// <summary>The time of the wall clock, which records and producers have.</summary>
    public long NowMs() => Clock.WallMs();

    /// <summary>The tick at which a delay that begins now is over. Delays are configs of up to Long.MaxValue, which stands for never.</summary>
    public long DueMs(long delayMs)
    {
        var now = Clock.TickMs();
        return delayMs > long.MaxValue - now ? long.MaxValue : now + delayMs;
    }

    public long NextRandom(long below)
    {
        lock (RandomGate)
            return below <= 0 ? 0 : Random.NextInt64(below);
    }

    public Guid NextGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (RandomGate)
            Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
