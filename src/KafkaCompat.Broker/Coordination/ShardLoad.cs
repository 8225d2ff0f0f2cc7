using System.Buffers;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// Makes shards of what a partition's log says, each from an empty one: reads the log from its start to the end that it has when the load begins, a step at a
/// time on the scheduler. A load gives a shard that holds all of it, or an error after which another one is begun: half of a log would look like the whole of
/// another, as groups that have lost their offsets. After one that failed the next waits, and twice as long with each in a row.
/// </summary>
/// <param name="kind">What is loaded.</param>
/// <param name="partition">Its partition, for the log.</param>
/// <param name="log">Where it is read from.</param>
/// <param name="surroundings">Its clock, and where its steps run.</param>
/// <param name="done">Gets the outcome of a load, unless it was ended.</param>
/// <param name="end">Ends whatever load is under way.</param>
internal sealed class ShardLoad<TShard>(
    ShardKind<TShard> kind, int partition, IShardLog log, ShardSurroundings surroundings, Action<ShardLoad<TShard>.Outcome> done, CancellationToken end)
    where TShard : class, IShard
{
    private readonly TimeProvider _time = surroundings.Time;
    private readonly ILogger _logger = surroundings.Logger;
    private int _failures;

    /// <summary>Done when no load runs.</summary>
    public Task Idle { get; private set; } = Task.CompletedTask;

    /// <summary>Begins a load, the first one at once.</summary>
    /// <param name="generation">Comes back with the outcome, so that who has made the load void in the meantime knows it.</param>
    public void Begin(int generation)
    {
        var delayMs = _failures == 0 ? 0 : (int)Math.Min(ShardBounds.MaxReloadDelayMs, (long)ShardBounds.ReloadDelayMs << Math.Min(_failures - 1, 16));
        // On the scheduler from its first step to its last: whoever announced the leadership has other partitions to announce.
        var load =
            Task.Factory.StartNew(() => Run(generation, delayMs), CancellationToken.None, TaskCreationOptions.DenyChildAttach, surroundings.Scheduler).Unwrap();
        // One that another has made void may still be reading.
        Idle = Idle.IsCompleted ? load : Task.WhenAll(Idle, load);
    }

    /// <summary>As <see cref="Begin"/>, after a failure: of the load before, or of the shard that it gave.</summary>
    public void BeginAgain(int generation)
    {
        _failures++;
        Begin(generation);
    }

    /// <summary>The log can be read and written.</summary>
    public void Succeeded() => _failures = 0;

    private async Task Run(int generation, int delayMs)
    {
        if (delayMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(delayMs), _time, end)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        if (end.IsCancellationRequested)
            return;
        var outcome = new Outcome(generation, kind.Create(), default, ErrorCode.None);
        try
        {
            outcome = outcome with { End = log.End };
            outcome = outcome with { Error = outcome.End.Error == ErrorCode.None ? await Read(outcome.Shard, outcome.End.Offset) : outcome.End.Error };
        }
        catch (Exception e)
        {
            // The node ends then, and nothing is loaded again.
            if (surroundings.Faults.Report(e))
                return;
            _logger.LoadFaulted(e, kind.Topic, partition);
            outcome = outcome with { Error = ErrorCode.UnknownServerError };
        }
        if (!end.IsCancellationRequested)
            done(outcome);
    }

    /// <summary>Applies the log to the shard, from its start to an end that was taken before.</summary>
    private async Task<ErrorCode> Read(TShard shard, long endOffset)
    {
        long unreadable = 0;
        var offset = log.StartOffset;
        var started = _time.GetTimestamp();
        while (!end.IsCancellationRequested && offset < endOffset)
        {
            var (error, batches) = log.Read(offset, endOffset);
            // Offsets up to the end that no batch has: they were compacted away, or a segment was begun ahead of them and nothing written to it.
            if (error == ErrorCode.None && batches.IsEmpty)
            {
                offset = endOffset;
                break;
            }
            var next = error == ErrorCode.None ? ShardRecordSerde.Apply(shard, new ReadOnlySequence<byte>(batches), ref unreadable) : -1;
            if (next <= offset)
            {
                error = error == ErrorCode.None ? ErrorCode.CorruptMessage : error;
                _logger.LoadFailed(kind.Topic, partition, offset, error);
                return error;
            }
            offset = next;
            await Task.Yield();
        }
        if (end.IsCancellationRequested)
            return ErrorCode.NotCoordinator;
        Invariant.Holds(offset >= endOffset, $"{kind.Topic}-{partition}: it was read up to {offset} and ends at {endOffset}");
        if (unreadable > 0)
            _logger.UnreadableRecords(kind.Topic, partition, unreadable);
        if (offset > 0)
            _logger.Loaded(kind.Topic, partition, offset, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        return ErrorCode.None;
    }

    /// <summary>What came of a load: where there is no error, a shard with all that the log held up to <paramref name="End"/>.</summary>
    internal sealed record Outcome(int Generation, TShard Shard, ShardLogEnd End, ErrorCode Error);
}
