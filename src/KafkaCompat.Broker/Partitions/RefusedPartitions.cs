namespace KafkaCompat.Broker.Partitions;

/// <summary>Has partitions that were refused for a reason that passes tried again, also while no metadata comes that would be a reason to.</summary>
public sealed class RefusedPartitions(Func<bool> hasRefused, Func<ValueTask> repeat, TimeProvider time) : IAsyncDisposable
{
    /// <summary>How often they are tried.</summary>
    public const int RetryMs = 10_000;

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>
    /// Ends with <see cref="DisposeAsync"/>; fails where what hears of the metadata has a fault, which ends the node as it does when new metadata comes.
    /// </summary>
    public Task Completion => _loop;

    public void Start() => _loop = Run();

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _loop;
        _stop.Dispose();
    }

    private async Task Run()
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), time, _stop.Token);
                if (hasRefused()) await repeat();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }
}
