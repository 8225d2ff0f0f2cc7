using System.Buffers;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>
/// A small directory with one bit changed: opens it, asks each log for everything, and holds the answers to what the logs held. An answer is right, or it is an
/// error, or a repair was told of.
/// </summary>
internal sealed class FlippedDirectory(SmallDirectory directory, string path, int position, int bit) : IRecoveryListener
{
    private readonly List<LogRepair> _repairs = [];
    private readonly List<string> _wrong = [];

    /// <summary>What was wrong: nothing, as it should be.</summary>
    public IReadOnlyList<string> Wrong => _wrong;

    public int Errors { get; private set; }

    public bool IsRefused { get; private set; }

    public int Repairs => _repairs.Count;

    public void Repaired(LogRepair repair)
    {
        lock (_repairs)
            _repairs.Add(repair);
    }

    public void Progressed(RecoveryProgress progress)
    {
    }

    public async Task Run()
    {
        byte[] bytes = [.. directory.Files[path]];
        bytes[position] ^= (byte)(1 << bit);
        using var opened = new Opened(directory.Store(path, bytes), directory.Clock, this);
        try
        {
            await opened.Load();
        }
        catch (Exception refused) when (refused is LogCorruptionException or KafkaStorageException)
        {
            IsRefused = true;
            return;
        }
        foreach ((var partition, var content) in directory.Contents)
        {
            if (opened.Directory.Find(partition) is { } log)
                Ask(log, content);
            else if (opened.Directory.Strays.Count == 0)
                Say(partition, "the log is gone");
        }
        try
        {
            await opened.Close();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            _wrong.Add($"it cannot be closed: {failure}");
        }
    }

    private void Ask(PartitionLog log, LogContent content)
    {
        log.Producers.OnHighWatermark(log.LogEndOffset);
        if (log.LogEndOffset != content.End && _repairs.Count == 0)
            Say(log.Partition, $"it ends at {log.LogEndOffset} and not at {content.End}");
        for (var offset = content.Start; offset < content.End; offset++)
        {
            var asked = offset;
            Try(log.Partition, $"a read at {asked}", () => Read(log, content, asked));
        }
        Try(log.Partition, "a read of all", () => ReadAll(log, content));
        foreach ((var offset, var timestamp) in content.Records)
        {
            var expected = content.Records.First(record => record.Timestamp >= timestamp).Offset;
            Try(log.Partition, $"a search for {timestamp}", () => Found(log, log.FindByTimestamp(timestamp), expected));
        }
        (var largest, _) = content.Records.MaxBy(static record => record.Timestamp);
        Try(log.Partition, "a search for the largest time", () => Found(log, log.FindMaxTimestamp(), largest));
    }

    private void Read(PartitionLog log, LogContent content, long offset)
    {
        if (offset >= log.LogEndOffset || offset < log.LogStartOffset)
        {
            // A client is told OFFSET_OUT_OF_RANGE, and people of the cut.
            Errors++;
            return;
        }
        var expected = content.Batches.Find(batch => Batches.Header(batch).LastOffset >= offset)!;
        if (LogContent.First(log, offset) is not { } bytes)
        {
            Say(log.Partition, $"there is nothing at {offset}");
            return;
        }
        if (!LogContent.IsTakenByClients(bytes))
        {
            Errors++;
            return;
        }
        var header = Batches.Header(bytes);
        // No checksum covers the leader epoch, and nothing that a client gets by offset depends on it.
        if (!Same(bytes, expected))
        {
            Say(log.Partition, $"{header.BaseOffset} to {header.LastOffset} is given for {offset}");
            return;
        }
        if (header.IsControl)
            return;
        if (LogContent.IsCommitted(log, header) != content.Committed.Contains(Math.Max(header.BaseOffset, content.Start)) && _repairs.Count == 0)
            Say(log.Partition, $"{offset} is {(content.Committed.Contains(offset) ? "not committed" : "committed")} here");
    }

    private void ReadAll(PartitionLog log, LogContent content)
    {
        for (var offset = Math.Max(content.Start, log.LogStartOffset); offset < log.LogEndOffset;)
        {
            using var region = log.Read(offset, 1 << 20, long.MaxValue, minOneBatch: true).Region;
            var bytes = region?.ToArray() ?? [];
            var before = offset;
            foreach (var batch in RecordBatchEnumerator.Over(bytes))
            {
                var one = batch.Bytes.ToArray();
                if (!LogContent.IsTakenByClients(one))
                {
                    Errors++;
                    return;
                }
                var expected = content.Batches.Find(sound => Batches.Header(sound).LastOffset >= offset) ?? [];
                if (batch.Header.LastOffset >= offset && !Same(one, expected))
                {
                    Say(log.Partition, $"{batch.Header.BaseOffset} to {batch.Header.LastOffset} follows {offset} in a read from {before}");
                    return;
                }
                offset = Math.Max(offset, batch.Header.NextOffset);
            }
            if (offset == before)
            {
                // What is left is none for a client, which says so.
                Errors++;
                if (bytes.Length == 0 && _repairs.Count == 0)
                    Say(log.Partition, $"there is nothing from {offset} on");
                return;
            }
        }
    }

    private void Found(PartitionLog log, TimestampAndOffset? found, long expected)
    {
        if (found?.Offset == expected)
            return;
        if (_repairs.Count == 0 && (found is not null || expected >= log.LogStartOffset))
            Say(log.Partition, $"{found} is found and not {expected}");
    }

    private static bool Same(byte[] one, byte[] other) => one.Length == other.Length
        && one.AsSpan(0, RecordBatchHeader.PartitionLeaderEpochPosition).SequenceEqual(other.AsSpan(0, RecordBatchHeader.PartitionLeaderEpochPosition))
        && one.AsSpan(RecordBatchHeader.MagicPosition).SequenceEqual(other.AsSpan(RecordBatchHeader.MagicPosition));

    private void Try(TopicPartition partition, string what, Action ask)
    {
        try
        {
            ask();
        }
        catch (Exception told) when (told is DamagedBatchException or DamagedRecordsException or KafkaStorageException)
        {
            Errors++;
        }
        catch (Exception unhandled) when (unhandled is not OutOfMemoryException)
        {
            Say(partition, $"{what} ends in {unhandled}");
        }
    }

    private void Say(TopicPartition partition, string what) =>
        _wrong.Add($"{Path.GetFileName(path)} of {Path.GetFileName(Path.GetDirectoryName(path))}, byte {position}, bit {bit}: {partition}: {what}");

    private sealed class Opened(IFileStore files, FixedClock clock, IRecoveryListener listener) : IDisposable
    {
        public LogDirectory Directory { get; } = SmallDirectory.Open(files, clock, listener);

        public Task Load() => Directory.LoadAll(SmallDirectory.IsKnown, static _ => SmallDirectory.Settings);

        public Task Close() => Directory.CloseCleanly(6, new Dictionary<TopicPartition, long>());

        public void Dispose() => Directory.Dispose();
    }
}
