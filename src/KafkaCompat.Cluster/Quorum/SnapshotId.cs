using System.Globalization;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>A snapshot holds all records before <see cref="EndOffset"/>; the last of them has the epoch <see cref="Epoch"/>.</summary>
public readonly record struct SnapshotId(long EndOffset, int Epoch) : IComparable<SnapshotId>
{
    public const string Suffix = ".checkpoint";

    /// <summary>What <c>kafka-storage format</c> writes before there is a log.</summary>
    public static SnapshotId Bootstrap => new(0, 0);

    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{EndOffset:D20}-{Epoch:D10}{Suffix}");

    public static bool TryParse(string fileName, out SnapshotId id)
    {
        id = default;
        if (fileName.Length != 20 + 1 + 10 + Suffix.Length || fileName[20] != '-' || !fileName.EndsWith(Suffix, StringComparison.Ordinal)
            || !long.TryParse(fileName.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || !int.TryParse(fileName.AsSpan(21, 10), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
        {
            return false;
        }

        id = new SnapshotId(offset, epoch);
        return true;
    }

    public int CompareTo(SnapshotId other) => EndOffset != other.EndOffset ? EndOffset.CompareTo(other.EndOffset) : Epoch.CompareTo(other.Epoch);

    public static bool operator <(SnapshotId left, SnapshotId right) => left.CompareTo(right) < 0;

    public static bool operator >(SnapshotId left, SnapshotId right) => left.CompareTo(right) > 0;

    public static bool operator <=(SnapshotId left, SnapshotId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(SnapshotId left, SnapshotId right) => left.CompareTo(right) >= 0;
}
