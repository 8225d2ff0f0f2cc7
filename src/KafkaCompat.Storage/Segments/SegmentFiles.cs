using System.Globalization;

namespace KafkaCompat.Storage.Segments;

/// <summary>The names of the files of a partition's folder: the base offset in 20 digits and what the file is.</summary>
public static class SegmentFiles
{
    public const string Log = ".log";
    public const string OffsetIndex = ".index";
    public const string TimeIndex = ".timeindex";
    public const string TransactionIndex = ".txnindex";
    public const string ProducerSnapshot = ".snapshot";
    public const string Deleted = ".deleted";
    public const string Cleaned = ".cleaned";
    public const string Swap = ".swap";

    public static string Name(long baseOffset, string suffix) => baseOffset.ToString("D20", CultureInfo.InvariantCulture) + suffix;

    /// <summary>The offset that a file name starts with, where the name is that offset and the suffix.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, ReadOnlySpan<char> suffix, out long baseOffset)
    {
        baseOffset = -1;
        return name.EndsWith(suffix, StringComparison.Ordinal)
            && name.Length > suffix.Length
            && long.TryParse(name[..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out baseOffset);
    }
}
