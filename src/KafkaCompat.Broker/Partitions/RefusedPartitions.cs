using KafkaCompat.Broker.Loops;

namespace KafkaCompat.Broker.Partitions;

/// <summary>Has partitions that were refused for a reason that passes tried again, also while no metadata comes that would be a reason to.</summary>
public sealed class RefusedPartitions(Func<bool> hasRefused, Func<ValueTask> repeat, TimeProvider time) : IAsyncDisposable
{
    /// <summary>How often they are tried.</summary>
    public const int RetryMs = 10_000;

    private readonly BackgroundTask _task = new();

    /// <summary>
    /// Ends with <see cref="DisposeAsync"/>; fails where what hears of the metadata has a fault, which ends the node as it does when new metadata comes.
    /// </summary>
    public Task Completion => _task.Completion;

    public void Start() => _task.Start(Run);

    public ValueTask DisposeAsync() => _task.DisposeAsync();

    private async Task Run(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), time, stop);
            if (hasRefused()) await repeat();
        }
    }
}
