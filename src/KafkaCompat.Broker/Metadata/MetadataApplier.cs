using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Metadata;

/// <summary>
/// Follows the committed metadata log at its own pace, turns it into images and hands them on, to one listener after another in the order in which they were
/// attached: what a partition must have before a coordinator may use it is there. The quorum goes on meanwhile. Also says when a snapshot is due.
/// </summary>
public sealed class MetadataApplier(SnapshotPolicy policy, TimeProvider clock) : IQuorumListener, IAsyncDisposable
{
    private readonly MetadataLoader _loader = new();
    private readonly List<IMetadataListener> _listeners = [];
    private readonly AppliedWaits _waits = new();

    /// <summary>Held while listeners are called.</summary>
    private readonly SemaphoreSlim _gate = new(1, 1);

    private readonly AsyncAutoResetEvent _signal = new();

    /// <summary>Held over what the quorum has said and this has not taken up yet.</summary>
    private readonly Lock _newsLock = new();

    private (SnapshotId Id, QuorumSnapshot Content)? _snapshot;
    private (int Epoch, long NextOffset)? _leading;
    private long _committedTo;

    private Task _completion = Task.CompletedTask;
    private MetadataImage _image = MetadataImage.Empty;
    private bool _hasRecords;
    private long _bytesSinceSnapshot;
    private long _lastSnapshotMs = clock.TickMs();
    private long _nextOffset;
    private bool _isDisposed;

    /// <summary>The newest image that all listeners know.</summary>
    public MetadataImage Image => Volatile.Read(ref _image);

    /// <summary>The last offset that was applied, of whatever kind its record was.</summary>
    public long AppliedOffset => Volatile.Read(ref _nextOffset) - 1;

    /// <summary>
    /// Called when this node leads and has applied all that earlier leaders wrote, with the loader forked there. It must not wait for the controller.
    /// </summary>
    public Action<LeadershipStart, MetadataLoader>? Leading { get; set; }

    /// <summary>
    /// Called when an epoch that this node has led is over, at once: whoever led need not have applied anything for that. So it may be called before
    /// <see cref="Leading"/> is called for the same epoch, on another thread. It must not wait for anybody.
    /// </summary>
    public Action<int>? LeadershipLost { get; set; }

    /// <summary>Takes a snapshot when one is due.</summary>
    public Action<SnapshotId, MetadataImage>? SnapshotDue { get; set; }

    /// <summary>
    /// Ends with <see cref="DisposeAsync"/>; fails where the log cannot be read, or a listener has a fault: the node cannot go on without its metadata.
    /// </summary>
    public Task Completion => _completion;

    /// <summary>Begins to follow a log.</summary>
    public void Start(CommittedBatches log)
    {
        ArgumentNullException.ThrowIfNull(log);
        _nextOffset = log.FirstOffset;
        _completion = Follow(log);
    }

    /// <summary>
    /// Done when a record's step, and all before it, has reached every listener. Where that will not be any more it fails of what this failed of, or with
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public Task WhenApplied(long offset) => _waits.Until(offset);

    /// <summary>
    /// Adds listeners behind the others, one after another; each gets the whole image first. They do not hear of a stop: they are at work until the
    /// call is done.
    /// </summary>
    public async ValueTask Attach(params IReadOnlyList<IMetadataListener> listeners)
    {
        ArgumentNullException.ThrowIfNull(listeners);
        await _gate.WaitAsync();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            // One for all of them: an image of many partitions takes long to tell.
            var all = MetadataDelta.Of(MetadataImage.Empty, MetadataSnapshot.Records(_loader.Image).Select(static record => record.Message));
            var step = new MetadataStep(all, _loader.Image);
            foreach (var listener in listeners)
            {
                await listener.OnMetadata(step);
                _listeners.Add(listener);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Tells the listeners of the image that they know, so that they try again what they could not do.</summary>
    public async ValueTask Repeat()
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

    public void OnSnapshot(SnapshotId id, QuorumSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        lock (_newsLock)
        {
            _snapshot = (id, snapshot);
            _committedTo = Math.Max(_committedTo, id.EndOffset);
        }

        _signal.Set();
    }

    public void OnHighWatermark(long offset)
    {
        lock (_newsLock)
        {
            _committedTo = offset;
        }

        _signal.Set();
    }

    public void OnLeading(int epoch, long nextOffset)
    {
        lock (_newsLock)
        {
            _leading = (epoch, nextOffset);
        }

        _signal.Set();
    }

    public void OnLeadershipLost(int epoch)
    {
        lock (_newsLock)
        {
            _leading = _leading?.Epoch == epoch ? null : _leading;
        }

        LeadershipLost?.Invoke(epoch);
    }

    /// <summary>Applies what is committed by now, and ends. No listener is called after that.</summary>
    public async ValueTask DisposeAsync()
    {
        _signal.End();
        await _completion.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Current);
        await _gate.WaitAsync();
        _isDisposed = true;
        _gate.Release();
    }

    private async Task Follow(CommittedBatches log)
    {
        try
        {
            while (await _signal.WaitAsync())
            {
                await CatchUp(log);
            }

            _waits.End(null);
        }
        catch (Exception failure)
        {
            _waits.End(failure);
            throw;
        }
    }

    private async Task CatchUp(CommittedBatches log)
    {
        (SnapshotId Id, QuorumSnapshot Content)? snapshot;
        long committedTo;
        (int Epoch, long NextOffset)? leading;
        lock (_newsLock)
        {
            (snapshot, committedTo, leading) = (_snapshot, _committedTo, _leading);
            _snapshot = null;
        }

        if (snapshot is { } whole)
        {
            await Apply(whole.Id, whole.Content);
        }

        while (_nextOffset < committedTo && await Read(log, committedTo) is { Count: > 0 } batches)
        {
            await Apply(batches);
        }

        if (leading is { } start && _nextOffset >= start.NextOffset)
        {
            lock (_newsLock)
            {
                _leading = _leading == leading ? null : _leading;
            }

            Leading?.Invoke(new LeadershipStart(start.Epoch, start.NextOffset, !_hasRecords), _loader.Fork());
        }
    }

    private async ValueTask<IReadOnlyList<QuorumBatch>> Read(CommittedBatches log, long committedTo)
    {
        IReadOnlyList<QuorumBatch> batches = [];
        await FileShortageRetry.Run(
            () =>
            {
                batches = log.Read(_nextOffset, committedTo);
                return Task.CompletedTask;
            },
            clock);
        return batches;
    }

    private async Task Apply(SnapshotId id, QuorumSnapshot snapshot)
    {
        await _gate.WaitAsync();
        try
        {
            await Publish(_loader.Load(snapshot.Records.Select(static record => record.Message),
                new MetadataProvenance(id.EndOffset - 1, id.Epoch, snapshot.LastContainedLogTimestampMs)));
            _hasRecords = id > SnapshotId.Bootstrap;
            _bytesSinceSnapshot = 0;
            MoveTo(id.EndOffset);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task Apply(IReadOnlyList<QuorumBatch> batches)
    {
        await _gate.WaitAsync();
        try
        {
            foreach (var batch in batches)
            {
                Invariant.Holds(batch.LastOffset >= _nextOffset, $"Metadata up to {batch.LastOffset} is to be applied behind {_nextOffset}");
                Invariant.Holds(batch.LastOffset > _loader.Image.Provenance.Offset,
                    $"Metadata up to {batch.LastOffset} is to be applied a second time: the image has {_loader.Image.Provenance.Offset}");
                foreach (var record in batch.Records)
                {
                    _loader.Apply(record.Message);
                }

                _hasRecords |= batch.Records.Count > 0;
                _bytesSinceSnapshot += batch.SizeInBytes;
            }

            var last = batches[^1];
            if (_loader.Publish(new MetadataProvenance(last.LastOffset, last.Epoch, last.TimestampMs)) is { } step)
            {
                await Publish(step);
            }

            MoveTo(last.LastOffset + 1);
            SnapshotIfDue(last);
        }
        finally
        {
            _gate.Release();
        }
    }

    private void MoveTo(long nextOffset)
    {
        Invariant.Holds(nextOffset >= _nextOffset, $"The metadata was applied up to {_nextOffset}, and is to be up to {nextOffset}");
        Volatile.Write(ref _nextOffset, nextOffset);
        _waits.Applied(nextOffset);
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
        var nowMs = clock.TickMs();
        var isDue = _bytesSinceSnapshot >= policy.MaxBytes
            || (policy.MaxIntervalMs > 0 && nowMs - _lastSnapshotMs >= policy.MaxIntervalMs && _bytesSinceSnapshot > 0);
        if (isDue && !_loader.IsInTransaction && _loader.Image.Provenance.Offset == last.LastOffset && SnapshotDue is { } take)
        {
            _bytesSinceSnapshot = 0;
            _lastSnapshotMs = nowMs;
            take(new SnapshotId(last.LastOffset + 1, last.Epoch), _loader.Image);
        }
    }
}
