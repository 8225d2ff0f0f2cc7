namespace KafkaCompat.Simulation.Engine;

/// <summary>Which files a disk flips a bit of.</summary>
internal enum FlipTarget
{
    /// <summary>The records of a partition.</summary>
    Records,

    /// <summary>What lies beside the records of a partition: its indexes, producer snapshots and leader epochs.</summary>
    Beside,

    /// <summary>The checkpoints of a directory.</summary>
    Checkpoints,

    /// <summary>The log of the metadata and its snapshots.</summary>
    Metadata,
}

/// <summary>One bit that a disk has flipped.</summary>
/// <param name="Path">The file that it is of.</param>
/// <param name="Position">The byte that it is in.</param>
/// <param name="Was">What the byte was.</param>
/// <param name="Is">What it is now.</param>
internal sealed record Flip(string Path, long Position, byte Was, byte Is)
{
    /// <summary>Where the batch starts that it is in; -1 where it is in none.</summary>
    public long BatchPosition { get; init; } = -1;

    /// <summary>The first offset of that batch.</summary>
    public long FromOffset { get; init; }

    /// <summary>The offset behind that batch.</summary>
    public long ToOffset { get; init; }

    /// <summary>That batch with its bit; empty where it is in none.</summary>
    public ReadOnlyMemory<byte> Batch { get; init; }

    /// <summary>Whose file it is: the folder's name, which is a partition's or a directory's.</summary>
    public string Partition { get; } = System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(Path))!;

    /// <summary>The directory that the file is in: its path's first part.</summary>
    public string Directory { get; } = Path[..Path.IndexOf('/', 1)];

    /// <summary>Whether records are damaged, which no other file makes good.</summary>
    public bool IsOfRecords => BatchPosition >= 0 && Path.EndsWith(".log", StringComparison.Ordinal);

    /// <summary>False once the bit is gone: its file was written anew, cut, deleted or restored.</summary>
    public bool Stands { get; set; } = true;
}
