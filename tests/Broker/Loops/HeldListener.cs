using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Broker.Tests.Loops;

/// <summary>A listener of the metadata that takes its time, as one does that makes thousands of logs on a busy disk.</summary>
internal sealed class HeldListener : IMetadataListener
{
    private volatile TaskCompletionSource? _release;
    private TaskCompletionSource _isHeld = new();

    /// <summary>Done when the metadata waits for it.</summary>
    public Task IsHeld => _isHeld.Task;

    /// <summary>Lets the next step wait.</summary>
    public void Hold()
    {
        _isHeld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Release()
    {
        var release = _release!;
        _release = null;
        release.SetResult();
    }

    public async ValueTask OnMetadata(MetadataStep step)
    {
        if (_release is not { } release) return;
        _ = _isHeld.TrySetResult();
        await release.Task;
    }
}
