using KafkaCompat.Broker.Coordination;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>A shard's log in memory, whose appends a test can fail or leave uncommitted.</summary>
internal sealed class MemoryShardLog : IShardLog
{
    private readonly Lock _lock = new();
    private readonly List<(long BaseOffset, byte[] Batch)> _batches = [];
    private readonly List<(long Offset, TaskCompletionSource<ErrorCode> Done)> _waits = [];
    private long _next;

    public long StartOffset => 0;

    /// <summary>What the next appends fail with.</summary>
    public ErrorCode FailWith { get; set; }

    /// <summary>Whether what fails has been written all the same, as when the disk answers neither yes nor no.</summary>
    public bool WritesBeforeItFails { get; set; }

    /// <summary>The largest batch that it takes.</summary>
    public int MaxBatchBytes { get; set; } = int.MaxValue;

    public bool CommitsAtOnce { get; set; } = true;

    /// <summary>Offsets behind the last batch that none has, as behind a segment that was begun ahead.</summary>
    public long GapAtEnd { get; set; }

    /// <summary>Called by the next append, before it writes.</summary>
    public Action? Appending { get; set; }

    /// <summary>Called by the next read, before it reads.</summary>
    public Action? Reading { get; set; }

    public int Batches
    {
        get { lock (_lock) return _batches.Count; }
    }

    /// <summary>How often somebody began to load it.</summary>
    public int Loads { get; private set; }

    /// <summary>Thrown by the next reads, each taking one.</summary>
    public Queue<Exception> ReadFaults { get; } = new();

    /// <summary>Thrown by the next append.</summary>
    public Exception? AppendFault { get; set; }

    public ShardLogEnd End
    {
        get
        {
            lock (_lock)
            {
                Loads++;
                return new ShardLogEnd(ErrorCode.None, _next + GapAtEnd, CommitsAtOnce);
            }
        }
    }

    public (ErrorCode Error, ReadOnlyMemory<byte> Batches) Read(long offset, long endOffset)
    {
        if (Reading is { } reading)
        {
            Reading = null;
            reading();
        }
        lock (_lock)
        {
            if (ReadFaults.TryDequeue(out var fault))
                throw fault;
            foreach (var (baseOffset, batch) in _batches)
            {
                if (baseOffset >= offset)
                    return (ErrorCode.None, batch);
            }
            return (ErrorCode.None, default);
        }
    }

    public ShardAppend Append(ReadOnlyMemory<byte> batch)
    {
        if (Appending is { } appending)
        {
            Appending = null;
            appending();
        }
        lock (_lock)
        {
            if (AppendFault is { } fault)
            {
                AppendFault = null;
                throw fault;
            }
            if (FailWith != ErrorCode.None && !WritesBeforeItFails)
                return new ShardAppend(FailWith, -1, -1, false);
            if (batch.Length > MaxBatchBytes)
                return new ShardAppend(ErrorCode.MessageTooLarge, -1, -1, false);
            var bytes = batch.ToArray();
            _ = RecordBatchHeader.TryRead(bytes, out var header);
            RecordBatchPatch.SetBaseOffset(bytes, _next);
            _batches.Add((_next, bytes));
            var append = new ShardAppend(ErrorCode.None, _next, _next + header.RecordCount, CommitsAtOnce);
            _next += header.RecordCount;
            return FailWith == ErrorCode.None ? append : new ShardAppend(FailWith, -1, -1, false);
        }
    }

    /// <summary>Flips a bit of a batch; of a position before 0, from the end.</summary>
    public void Flip(int batch, int position)
    {
        lock (_lock)
        {
            var bytes = _batches[batch].Batch;
            bytes[position < 0 ? bytes.Length + position : position] ^= 0x40;
        }
    }

    /// <summary>How long the waits that are open may last, in the order in which they began.</summary>
    public List<int> Timeouts { get; } = [];

    public Task<ErrorCode> WhenCommitted(long requiredOffset, int timeoutMs)
    {
        var done = new TaskCompletionSource<ErrorCode>();
        lock (_lock) Timeouts.Add(timeoutMs);
        lock (_lock) _waits.Add((requiredOffset, done));
        return done.Task;
    }

    public void Commit(ErrorCode outcome = ErrorCode.None)
    {
        (long Offset, TaskCompletionSource<ErrorCode> Done)[] waits;
        lock (_lock)
        {
            waits = [.. _waits];
            _waits.Clear();
        }
        foreach (var wait in waits) wait.Done.SetResult(outcome);
    }
}
