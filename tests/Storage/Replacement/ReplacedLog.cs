using System.Buffers;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests.Replacement;

/// <summary>
/// A log whose segments are replaced while it is read, sent from, appended to, cut and shortened, beside a model of what it has to hold. All that happens
/// follows from the seed.
/// </summary>
internal sealed class ReplacedLog : IRecoveryListener
{
    private const string Folder = "/data/t-0";
    private const int MaxSegments = 10;
    private const int MaxSends = 12;
    private const long ProducerId = 7;

    private readonly Random _random;
    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly LogSettings _settings = LogSettings.Default with
    {
        IndexIntervalBytes = 150,
        SegmentMs = long.MaxValue,
        IsCompacted = true,
        DeletesOldSegments = false,
        FileDeleteDelayMs = 1_000,
    };

    /// <summary>What is being sent: a region, what it has to hold, which transactions its reader has to be told of, and where the log ended then.</summary>
    private readonly List<(long From, LogRead Read, byte[] Expected, AbortedTransaction[] Aborted, long EndOffset)> _sends = [];
    private readonly List<LogRepair> _repairs = [];
    private ForgetfulFileStore _store;
    private HookedFileStore _files = null!;
    private LogEnvironment _environment = null!;
    private List<SegmentModel> _model = [];
    private long _version;
    private long _logStart;
    private long _recoveryPoint;

    public ReplacedLog(int seed)
    {
        _random = new Random(seed);
        _store = new ForgetfulFileStore(_clock);
        _store.CreateFolder("/data");
        _store.SyncFolder("/");
        Open();
        _model = [new SegmentModel(0, [], [])];
    }

    public PartitionLog Log { get; private set; } = null!;

    public int Reads { get; private set; }

    public int Sends { get; private set; }

    public int Swaps { get; private set; }

    /// <summary>Crashes within a swap that left the old segments, and those that left the new ones.</summary>
    public int LeftOld { get; private set; }

    public int LeftNew { get; private set; }

    private long EndOffset =>
        _model[^1].Batches is [.., byte[] last] ? Math.Max(SegmentModel.Header(last).NextOffset, _cutAt) : Math.Max(_model[^1].BaseOffset, _cutAt);

    /// <summary>Where the log was cut last: it can end there behind its last batch.</summary>
    private long _cutAt;

    public void Step()
    {
        switch (_random.Next(100))
        {
            case < 35:
                Read(_random.NextInt64(_logStart, EndOffset + 1), [_model]);
                break;
            case < 50:
                FinishSend();
                break;
            case < 65:
                Append();
                break;
            case < 70:
                Roll();
                break;
            case < 82:
                Swap();
                break;
            case < 88:
                SwapAndCrash();
                break;
            case < 91:
                Shorten(_random.NextInt64(_logStart, EndOffset + 1));
                break;
            case < 93:
                if (CutPlaces() is [_, ..] places)
                    Cut(places[_random.Next(places.Length)]);
                break;
            case < 95:
                _ = Log.FindByTimestamp(Batches.StartMs + _random.NextInt64(_version + 2));
                break;
            default:
                _clock.NowMs += 600;
                Log.DeleteDue(_clock.NowMs);
                break;
        }
        if (_model.Count > MaxSegments)
            Shorten(_model[MaxSegments / 2].BaseOffset);
    }

    /// <summary>Gives the log a few segments of a few batches.</summary>
    public void Fill(int segments)
    {
        for (var i = 0; i < segments; i++)
        {
            for (var batches = _random.Next(1, 6); batches > 0; batches--)
                Append();
            Roll();
        }
        Append();
    }

    /// <summary>Replaces all segments but the last one, with a power cut or a kill before an operation. False where the swap came to its end.</summary>
    public bool SwapAndCrash(int cut, bool isPowerCut, int seed, int recoveryCut) => SwapAndCrash(0, _model.Count - 1, cut, isPowerCut, seed, recoveryCut);

    void IRecoveryListener.Repaired(LogRepair repair) => _repairs.Add(repair);

    void IRecoveryListener.Progressed(RecoveryProgress progress)
    {
    }

    void IRecoveryListener.Ended()
    {
    }

    public void Verify() => Assert.True(IsOf(_model), "The log does not hold what the model holds.");

    public void EndSends()
    {
        while (_sends.Count > 0)
            FinishSend();
    }

    private void Append()
    {
        var offset = EndOffset;
        var isOpen = _model.SelectMany(static segment => segment.Batches).Select(SegmentModel.Header)
            .LastOrDefault(static header => header.IsTransactional) is { IsTransactional: true, IsControl: false };
        var batch = _random.Next(6) switch
        {
            0 => Batches.Produced(offset, ProducerId, 1, (int)offset, transactional: true),
            1 when isOpen => Batches.Marker(offset, ProducerId, 1, commit: _random.Next(3) == 0),
            2 => Batches.Plain(offset + _random.Next(3), _random.Next(1, 8), _random.Next(100)),
            _ => Batches.Plain(offset, _random.Next(1, 4), _random.Next(200), Batches.StartMs + _version),
        };
        Log.Append(batch);
        var last = _model[^1];
        List<AbortedTransaction> aborted = [];
        if (SegmentModel.Header(batch).IsControl)
        {
            Log.CollectAbortedTransactions(offset, Log.Read(offset, 1, long.MaxValue, minOneBatch: false), aborted);
            aborted = aborted.FindAll(entry => entry.LastOffset == offset);
        }
        _model[^1] = last with { Batches = [.. last.Batches, batch], Aborted = [.. last.Aborted, .. aborted] };
    }

    /// <summary>Where batches end: a start finds no other end.</summary>
    private long[] CutPlaces() =>
        [.. _model.SelectMany(static segment => segment.Batches).Select(static batch => SegmentModel.Header(batch).NextOffset)
        .Where(offset => offset > _logStart)];

    private void Roll()
    {
        Log.Roll();
        if (_model[^1].Batches.Count > 0 || _model[^1].BaseOffset != EndOffset)
            _model.Add(new SegmentModel(EndOffset, [], []));
    }

    private void Shorten(long offset)
    {
        _ = Log.AdvanceLogStart(offset);
        _logStart = Math.Max(_logStart, offset);
        var gone = _model.FindLastIndex(segment => segment.BaseOffset <= _logStart);
        Assert.Equal(Math.Max(0, gone), Log.ApplyRetention(_clock.NowMs, EndOffset));
        _model = _model[Math.Max(0, gone)..];
    }

    private void Cut(long offset)
    {
        // What is sent from a file that is cut ends early, as in Kafka.
        EndSends();
        if (offset >= EndOffset)
            return;
        var before = Log.SealedSegments;
        Log.TruncateTo(offset);
        if (offset <= _model[0].BaseOffset)
        {
            _model = [new SegmentModel(offset, [], [])];
            _logStart = offset;
        }
        else
        {
            var keep = _model.FindLastIndex(segment => segment.BaseOffset <= offset) + 1;
            if (_model[keep - 1].BaseOffset == offset && keep > 1)
                keep--;
            _model = _model[..keep];
            _model[^1] = _model[^1] with
            {
                Batches = [.. _model[^1].Batches.Where(batch => SegmentModel.Header(batch).LastOffset < offset)],
                Aborted = [.. _model[^1].Aborted.Where(entry => entry.LastOffset < offset)],
            };
        }
        _cutAt = offset;
        if (before.Segments.Length == 0)
            return;
        // What was made of segments before a cut is of no use, even of those that are whole.
        var late = Log.CreateBeside(before.Segments[0].BaseOffset);
        Assert.False(Log.ReplaceSegments(before, [late]));
        Verify();
    }

    private void Swap()
    {
        if (_model.Count < 2)
            return;
        var first = _random.Next(_model.Count - 1);
        var count = _random.Next(1, Math.Min(4, _model.Count - 1 - first) + 1);
        var old = _model;
        var after = Rewrite(first, count);
        var reading = false;
        _files.Before = (_, _) =>
        {
            if (reading || _random.Next(4) != 0)
                return;
            reading = true;
            Read(_random.NextInt64(_logStart, EndOffset + 1), [old, after]);
            reading = false;
        };
        Replace(first, count, after);
        _files.Before = null;
        _model = after;
        Swaps++;
        RequireOwnNames();
    }

    private void SwapAndCrash()
    {
        if (_model.Count < 2)
            return;
        var first = _random.Next(_model.Count - 1);
        var count = _random.Next(1, Math.Min(4, _model.Count - 1 - first) + 1);
        _ = SwapAndCrash(first, count, _random.Next(70), _random.Next(2) == 0, _random.Next(), _random.Next(2) == 0 ? _random.Next(40) : -1);
    }

    private bool SwapAndCrash(int first, int count, int cut, bool isPowerCut, int seed, int recoveryCut)
    {
        EndSends();
        Log.Sync();
        _recoveryPoint = _random.Next(2) == 0 ? Log.RecoveryPoint : 0;
        var after = Rewrite(first, count);
        _store.CutPowerAfter(_store.Operations + cut);
        var isCut = false;
        try
        {
            Replace(first, count, after);
        }
        catch (Exception failure) when (failure.GetBaseException() is PowerCutException)
        {
            isCut = true;
        }
        Log.Dispose();
        _store = isPowerCut ? _store.Crash(seed) : _store.Kill();
        if (recoveryCut >= 0)
        {
            // The start is cut short too.
            _store.CutPowerAfter(_store.Operations + recoveryCut);
            try
            {
                Open();
                Log.Dispose();
            }
            catch (Exception failure) when (failure.GetBaseException() is PowerCutException)
            {
            }
            _store = isPowerCut ? _store.Crash(seed + 1) : _store.Kill();
        }
        Open();
        if (IsOf(after))
        {
            _model = after;
            LeftNew++;
        }
        else
        {
            Assert.True(isCut, "The swap was done, and the log does not hold what replaces.");
            Assert.True(IsOf(_model), $"The log holds {Describe()}, and neither what it held, {Describe(_model)}, nor what replaces it, {Describe(after)}.");
            LeftOld++;
        }
        RequireOwnNames();
        TakeAborted();
        return isCut;
    }

    /// <summary>
    /// A transaction that began before the log's start can be known with another beginning after a start, or not at all where none of its records is left; the
    /// others are as they were.
    /// </summary>
    private void TakeAborted()
    {
        for (var i = 0; i < _model.Count; i++)
        {
            var found = Log.SealedSegments.Segments.ElementAtOrDefault(i)?.TransactionIndex.Entries()
                ?? [.. Collect(_model[i].BaseOffset).Where(entry => entry.LastOffset >= _model[i].BaseOffset)];
            foreach (var entry in _model[i].Aborted.Where(entry => entry.FirstOffset >= _logStart))
                Assert.Contains(found, each => each.LastOffset == entry.LastOffset && (each.FirstOffset == entry.FirstOffset || each.FirstOffset < _logStart));
            _model[i] = _model[i] with { Aborted = found };
        }
    }

    private List<AbortedTransaction> Collect(long from)
    {
        var told = new List<AbortedTransaction>();
        Log.CollectAbortedTransactions(from, new LogRead(null, false, long.MaxValue, false), told);
        return told;
    }

    private void RequireOwnNames() => Assert.DoesNotContain(_store.List(Folder),
        static entry =>
            entry.Name.EndsWith(SegmentFiles.Swap, StringComparison.Ordinal) || entry.Name.EndsWith(SegmentFiles.Cleaned, StringComparison.Ordinal));

    private void Replace(int first, int count, List<SegmentModel> after)
    {
        var old = Log.SealedSegments.Slice(first, count);
        var made = new List<LogSegment>();
        foreach (var segment in after.Skip(first).Take(after.Count - (_model.Count - count)))
        {
            var beside = Log.CreateBeside(segment.BaseOffset);
            foreach (var batch in segment.Batches)
                beside.Append(BatchRun.Read(new ReadOnlySequence<byte>(batch)), _settings.IndexIntervalBytes);
            foreach (var entry in segment.Aborted)
                beside.TransactionIndex.Append(entry);
            made.Add(beside);
        }
        Assert.True(Log.ReplaceSegments(old, [.. made]));
    }

    /// <summary>As a compaction would: some batches are gone, others have other bytes, and segments are joined or split.</summary>
    private List<SegmentModel> Rewrite(int first, int count)
    {
        var old = _model.GetRange(first, count);
        AbortedTransaction[] aborted = [.. old.SelectMany(static segment => segment.Aborted)];
        var made = new List<(long Base, List<byte[]> Batches)> { (old[0].BaseOffset, []) };
        foreach (var batch in old.SelectMany(static segment => segment.Batches))
        {
            var header = SegmentModel.Header(batch);
            if (header.ProducerId < 0 && _random.Next(3) == 0)
                continue;
            if (_random.Next(6) == 0 && header.BaseOffset > made[^1].Base)
                made.Add((header.BaseOffset, []));
            made[^1].Batches.Add(header.ProducerId >= 0 || _random.Next(3) == 0 ? batch
                : Batches.Plain(header.BaseOffset, (int)(header.LastOffset - header.BaseOffset) + 1, _random.Next(150), Batches.StartMs + ++_version));
        }
        // Where nothing is left of the last ones, an empty segment says that they are replaced.
        var end = made[^1].Batches is [.., byte[] last] ? SegmentModel.Header(last).NextOffset : made[^1].Base;
        foreach (var segment in old.Where(segment => segment.BaseOffset >= end && segment.BaseOffset > made[^1].Base))
            made.Add((segment.BaseOffset, []));
        var after = new List<SegmentModel>();
        for (var i = 0; i < made.Count; i++)
        {
            long from = made[i].Base, to = i + 1 < made.Count ? made[i + 1].Base : long.MaxValue;
            after.Add(new SegmentModel(from, made[i].Batches, [.. aborted.Where(entry => entry.LastOffset >= from && entry.LastOffset < to)]));
        }
        return [.. _model[..first], .. after, .. _model[(first + count)..]];
    }

    /// <summary>
    /// Reads as a fetch does, and leaves the region to be sent later. What it holds is what one of the lists of segments holds that there can be now.
    /// </summary>
    private void Read(long from, List<SegmentModel>[] models)
    {
        Reads++;
        var read = Log.Read(from, _random.Next(3) == 0 ? _random.Next(1, 300) : 1 << 20, long.MaxValue, minOneBatch: true);
        Assert.False(read.IsOutOfRange);
        var bytes = read.Region?.ToArray();
        foreach (var model in models)
        {
            var expected = Expected(model, from);
            var firstBytes = expected.Length == 0 ? 0 : SegmentModel.Header(expected).SizeInBytes;
            if (bytes is null ? expected.Length > 0 : bytes.Length < firstBytes || !expected.AsSpan().StartsWith(bytes))
                continue;
            if (bytes is null)
                return;
            AbortedTransaction[] aborted = [.. model.Skip(Math.Max(0, model.FindLastIndex(segment => segment.BaseOffset <= from)))
                .SelectMany(static segment => segment.Aborted).Where(entry => entry.LastOffset >= from && entry.FirstOffset < read.NextOffsetBound)];
            _sends.Add((from, read, bytes, aborted, EndOffset));
            if (_sends.Count > MaxSends)
                FinishSend();
            return;
        }
        Assert.Fail($"A read from {from} of {Describe(models[0])} gave {bytes?.Length ?? -1} bytes that no list of segments holds.");
    }

    private static byte[] Expected(List<SegmentModel> model, long from)
    {
        foreach (var segment in model.Skip(Math.Max(0, model.FindLastIndex(segment => segment.BaseOffset <= from))))
        {
            if (segment.From(from) is { Length: > 0 } bytes)
                return bytes;
        }
        return [];
    }

    private void FinishSend()
    {
        if (_sends.Count == 0)
            return;
        var at = _random.Next(_sends.Count);
        (var from, var read, var expected, var aborted, var endOffset) = _sends[at];
        _sends.RemoveAt(at);
        using var region = read.Region!;
        Assert.True(expected.AsSpan().SequenceEqual(region.ToArray()), "What was being sent has changed.");
        var told = new List<AbortedTransaction>();
        Log.CollectAbortedTransactions(from, read, told);
        // Transactions that were aborted after the read may be told of or not.
        Assert.Equal(aborted, told.Where(entry => entry.LastOffset < endOffset));
        Sends++;
    }

    private bool IsOf(List<SegmentModel> model)
    {
        long[] bases = [.. Log.SealedSegments.Segments.Select(static segment => segment.BaseOffset), Log.ActiveSegmentBaseOffset];
        return bases.SequenceEqual(model.Select(static segment => segment.BaseOffset)) && Log.ReadAll(_logStart).AsSpan().SequenceEqual(
            [.. model.SelectMany(segment => segment.BaseOffset <= _logStart ? segment.From(_logStart) : segment.Bytes)]);
    }

    private string Describe() =>
        $"[{string.Join(' ', Log.SealedSegments.Segments.Select(static segment => segment.BaseOffset))} {Log.ActiveSegmentBaseOffset}] "
            + $"{Log.LogStartOffset}-{Log.LogEndOffset} {Log.ReadAll(_logStart).Length} bytes ({string.Join(", ", _repairs)})";

    private static string Describe(List<SegmentModel> model) =>
        $"[{string.Join(' ', model.Select(static segment => $"{segment.BaseOffset}:{segment.Batches.Count}"))}] "
        + $"{model.Sum(static segment => segment.Bytes.Count())} bytes";

    private void Open()
    {
        _files = new HookedFileStore(_store);
        _repairs.Clear();
        _environment =
            new LogEnvironment(_files, _clock, new Random(1), new RecoveryWatch(_clock, this)) { Damage = static damage => Assert.Fail(damage.Message) };
        Log = PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), _settings, new LogOpening(false, _recoveryPoint, _logStart));
        // A start finds the end where the last batch ends.
        _cutAt = 0;
    }
}
