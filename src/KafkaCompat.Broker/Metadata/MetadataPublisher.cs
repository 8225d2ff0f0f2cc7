using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Metadata;

/// <summary>
/// Turns committed batches into images and hands them on, to one listener after another in the order in which they were attached: what a partition must
/// have before a coordinator may use it is there. Also says when a snapshot is due.
/// </summary>
public sealed class MetadataPublisher(SnapshotPolicy policy, TimeProvider clock) : IQuorumListener, IAsyncDisposable
{
    private readonly MetadataLoader _loader = new();
    private readonly List<IMetadataListener> _listeners = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private MetadataImage _image = MetadataImage.Empty;
    private long _bytesSinceSnapshot;
    private long _lastSnapshotMs = clock.TickMs();
    private long _nextOffset;
    private bool _isDisposed;

    /// <summary>The newest image that all listeners know.</summary>
    public MetadataImage Image => Volatile.Read(ref _image);

    /// <summary>The last offset that was applied, of whatever kind its record was.</summary>
    public long AppliedOffset => Volatile.Read(ref _nextOffset) - 1;

    /// <summary>Called when this node becomes the leader; by the loop, with the loader forked where the log ends.</summary>
    public Func<LeadershipStart, MetadataLoader, ValueTask>? Leading { get; set; }

    /// <summary>Takes a snapshot when one is due. It may be called on the loop's turn alone.</summary>
    public Action<SnapshotId, MetadataImage>? SnapshotDue { get; set; }

    /// <summary>
    /// Adds a listener behind the others; it is told of the whole image first. It does not hear of a stop: the listener is at work until the call is done.
    /// </summary>
    public async ValueTask AttachAsync(IMetadataListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        await _gate.WaitAsync();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var all = MetadataDelta.Of(MetadataImage.Empty, MetadataSnapshot.Records(_loader.Image).Select(static record => record.Message));
            await listener.OnMetadata(new MetadataStep(all, _loader.Image));
            _listeners.Add(listener);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask OnSnapshot(SnapshotId id, QuorumSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        await _gate.WaitAsync();
        try
        {
            var step = _loader.Load(snapshot.Records.Select(r => r.Message), new MetadataProvenance(id.EndOffset - 1, id.Epoch, snapshot.LastContainedLogTimestampMs));
            await Publish(step);
            Volatile.Write(ref _nextOffset, id.EndOffset);
            _bytesSinceSnapshot = 0;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask OnCommitted(IReadOnlyList<QuorumBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        await _gate.WaitAsync();
        try
        {
            foreach (var batch in batches)
            {
                foreach (var record in batch.Records)
                {
                    _loader.Apply(record.Message);
                }

                _bytesSinceSnapshot += batch.SizeInBytes;
            }

            var last = batches[^1];
            if (_loader.Publish(new MetadataProvenance(last.LastOffset, last.Epoch, last.TimestampMs)) is { } step)
            {
                await Publish(step);
            }

            Volatile.Write(ref _nextOffset, last.LastOffset + 1);
            SnapshotIfDue(last);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Tells the listeners of the image that they know, so that they try again what they could not do.</summary>
    public async ValueTask RepeatAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_isDisposed)
            {
                return;
            }

            var nothing = new MetadataStep(new MetadataDelta(_image), _image);
            foreach (var listener in _listeners)
            {
                await listener.OnMetadata(nothing);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public ValueTask OnLeading(LeadershipStart start) => Leading?.Invoke(start, _loader.Fork()) ?? ValueTask.CompletedTask;

    /// <summary>Waits for the listener that is being told of something; nobody is told anything after that.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        _isDisposed = true;
        _gate.Release();
    }

    private async ValueTask Publish(MetadataStep step)
    {
        // Most steps are a NoOpRecord: the image moves on, and nobody has anything to do.
        if (!step.Delta.IsEmpty)
        {
            foreach (var listener in _listeners)
            {
                await listener.OnMetadata(step);
            }
        }

        Volatile.Write(ref _image, step.Image);
    }

    private void SnapshotIfDue(QuorumBatch last)
    {
        long nowMs = clock.TickMs();
        bool isDue = _bytesSinceSnapshot >= policy.MaxBytes
            || (policy.MaxIntervalMs > 0 && nowMs - _lastSnapshotMs >= policy.MaxIntervalMs && _bytesSinceSnapshot > 0);
        if (isDue && !_loader.IsInTransaction && _loader.Image.Provenance.Offset == last.LastOffset && SnapshotDue is { } take)
        {
            _bytesSinceSnapshot = 0;
            _lastSnapshotMs = nowMs;
            take(new SnapshotId(last.LastOffset + 1, last.Epoch), _loader.Image);
        }
    }
}
