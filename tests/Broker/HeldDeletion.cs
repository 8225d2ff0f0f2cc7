using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests;

/// <summary>A disk that does not answer to the renaming of one folder, with which a deletion begins, before it is told so.</summary>
internal sealed class HeldDeletion : IDisposable
{
    private readonly TaskCompletionSource _isHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _mayGoOn = new();

    public HeldDeletion(HookedFileStore files, string folder)
    {
        var before = files.Before;
        files.Before = (operation, path) =>
        {
            before?.Invoke(operation, path);
            if (operation != nameof(HookedFileStore.Rename) || path != folder || _isHeld.Task.IsCompleted) return;
            _isHeld.SetResult();
            _mayGoOn.Wait();
        };
    }

    public Task IsHeld => _isHeld.Task;

    public void GoOn() => _mayGoOn.Set();

    /// <summary>What is held goes on: a test that has failed does not wait for it.</summary>
    public void Dispose() => _mayGoOn.Set();
}
