using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// The bits that the disks of one machine have flipped, and which of them still stand. A bit is flipped where somebody can find it: under a checksum, in an
/// index that the log contradicts, or so that a text is none any more.
/// </summary>
internal sealed class Flips(Trace trace)
{
    private static readonly string[] BesideRecords = [".index", ".timeindex", ".txnindex", ".snapshot", "leader-epoch-checkpoint"];
    private static readonly string[] Checkpoints =
        ["recovery-point-offset-checkpoint", "replication-offset-checkpoint", "log-start-offset-checkpoint"];

    private readonly List<Flip> _all = [];

    /// <summary>How many there were, and how many of them somebody put right.</summary>
    public (int Made, int Restored) Count { get; private set; }

    /// <summary>Those that a process would meet.</summary>
    public IEnumerable<Flip> Standing => _all.Where(static flip => flip.Stands);

    /// <summary>Flips a bit of such a file of a folder, one a file; null where there is none.</summary>
    public Flip? Make(ForgetfulFileStore store, FlipTarget target, string folder, Random random)
    {
        var files = target switch
        {
            FlipTarget.Records => StoredLogs.Files(store, folder, ".log"),
            FlipTarget.Beside => StoredLogs.Files(store, folder, BesideRecords),
            FlipTarget.Checkpoints => StoredLogs.Files(store, folder, Checkpoints),
            // Of the snapshots nobody reads any but the newest.
            _ => [.. StoredLogs.Files(store, folder, ".log"), .. StoredLogs.Files(store, folder, ".checkpoint").TakeLast(1)],
        };
        _ = files.RemoveAll(file => Standing.Any(flip => flip.Path == $"{folder}/{file.Name}"));
        if (files.Count == 0)
        {
            return null;
        }

        var path = $"{folder}/{files[random.Next(files.Count)].Name}";
        var bytes = StoredLogs.Bytes(store, path);
        var made = target is FlipTarget.Records or FlipTarget.Metadata ? InBatch(path, bytes, random)
            : target == FlipTarget.Checkpoints || path.EndsWith("checkpoint", StringComparison.Ordinal) ? InText(path, bytes, random)
            : Anywhere(path, bytes, random);
        if (made is not null)
        {
            Write(store, made, made.Is);
            _all.Add(made);
            Count = (Count.Made + 1, Count.Restored);
            trace.Add($"flip {path} {made.Position} of {bytes.Length}, {made.Was} to {made.Is}");
        }

        return made;
    }

    /// <summary>Somebody puts the bit right again, as from a copy, for good.</summary>
    public void Restore(ForgetfulFileStore store, Flip flip)
    {
        trace.Add($"restore {flip.Path} {flip.Position}");
        Write(store, flip, flip.Was);
        using var file = store.Open(flip.Path, FileOpening.ReadWrite);
        file.Sync();
        Count = (Count.Made, Count.Restored + 1);
        Gone(flip);
    }

    /// <summary>What a file holds, with its bits as they were.</summary>
    public byte[] BytesBefore(ForgetfulFileStore store, string path)
    {
        var bytes = StoredLogs.Bytes(store, path);
        foreach (var flip in Standing.Where(flip => flip.Path == path && flip.Position < bytes.Length))
        {
            bytes[flip.Position] = flip.Was;
        }

        return bytes;
    }

    /// <summary>The machine has lost its power: a bit may be gone, and one that was cut off or written over may be there again.</summary>
    public void LookAgain(ForgetfulFileStore store)
    {
        foreach (var flip in _all)
        {
            flip.Stands = store.FileExists(flip.Path) && StoredLogs.Bytes(store, flip.Path) is { } bytes && bytes.Length > flip.Position
                && bytes[flip.Position] == flip.Is && (flip.Stands || flip.IsOfRecords) && IsDamaged(bytes, flip);
        }
    }

    /// <summary>The byte alone says little: what was written in the place of a batch that was cut off may have the same one there.</summary>
    private static bool IsDamaged(byte[] bytes, Flip flip) =>
        flip.BatchPosition < 0 || bytes.AsSpan((int)flip.BatchPosition).StartsWith(flip.Batch.Span);

    /// <summary>Bytes of a file are others now, from one position to before another.</summary>
    public void Written(string path, long from, long to)
    {
        foreach (var flip in Standing.Where(flip => flip.Path == path && flip.Position >= from && flip.Position < to).ToList())
        {
            Gone(flip);
        }
    }

    /// <summary>A file or a folder is gone from its path.</summary>
    public void Removed(string path)
    {
        foreach (var flip in Standing.Where(flip => flip.Path == path || flip.Path.StartsWith($"{path}/", StringComparison.Ordinal)).ToList())
        {
            Gone(flip);
        }
    }

    private static void Gone(Flip flip) => flip.Stands = false;

    private static void Write(ForgetfulFileStore store, Flip flip, byte value)
    {
        using var file = store.Open(flip.Path, FileOpening.ReadWrite);
        file.Write(flip.Position, [value]);
    }

    /// <summary>Where a batch's checksum, or what is around it, can tell: nothing covers its offset and its leader's epoch.</summary>
    private static Flip? InBatch(string path, byte[] bytes, Random random)
    {
        var batches = StoredLogs.Batches(bytes);
        if (batches.Count == 0)
        {
            return null;
        }

        var (start, header) = batches[random.Next(batches.Count)];
        var within = random.Next(RecordBatchHeader.BatchLengthPosition, header.SizeInBytes);
        var isEpoch = within is >= RecordBatchHeader.PartitionLeaderEpochPosition and < RecordBatchHeader.MagicPosition;
        var position = start + (isEpoch ? RecordBatchHeader.MagicPosition : within);
        var (was, damaged) = (bytes[position], (byte)(bytes[position] ^ (1 << random.Next(8))));
        var batch = bytes.AsSpan(start, header.SizeInBytes).ToArray();
        batch[position - start] = damaged;
        return new Flip(path, position, was, damaged)
        {
            Batch = batch,
            BatchPosition = start,
            FromOffset = header.BaseOffset,
            ToOffset = header.NextOffset,
        };
    }

    /// <summary>
    /// No checksum covers a text: a digit does not become another digit, nor the end of a number. And a line whose topic's name is another is, as with Apache
    /// Kafka, one of a partition that is not here: no name changes.
    /// </summary>
    private static Flip InText(string path, byte[] bytes, Random random)
    {
        var position = random.Next(bytes.Length);
        var line = bytes.AsSpan(0, position).LastIndexOf((byte)'\n') + 1;
        var name = bytes.AsSpan(line).IndexOfAny((byte)' ', (byte)'\n');
        if (name > 0 && position < line + name && bytes.AsSpan(line, name).ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            position = line + name;
        }

        var was = bytes[position];
        var flipped = (byte)(was ^ (1 << random.Next(8)));
        var isHidden = char.IsAsciiDigit((char)was) && (char.IsAsciiDigit((char)flipped) || flipped == ' ');
        return new Flip(path, position, was, isHidden ? (byte)(was ^ 0x80) : flipped);
    }

    private static Flip Anywhere(string path, byte[] bytes, Random random)
    {
        var position = random.Next(bytes.Length);
        return new Flip(path, position, bytes[position], (byte)(bytes[position] ^ (1 << random.Next(8))));
    }
}
