namespace KafkaCompat.Broker.Loops;

/// <summary>A task beside everything else that is started once and goes on until <see cref="Stop"/>.</summary>
internal sealed class BackgroundTask : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Cancelled when it is to end. Whoever readies it waits by this too.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Ends with <see cref="Stop"/>, or fails as what it runs does.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start(Func<CancellationToken, Task> run) => Completion = Run(run);

    /// <summary>Asks it to end, and waits until it has.</summary>
    public async Task Stop()
    {
        _stop.Cancel();
        await Completion;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _stop.Dispose();
    }

    private async Task Run(Func<CancellationToken, Task> run)
    {
        try
        {
            await run(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }
}
