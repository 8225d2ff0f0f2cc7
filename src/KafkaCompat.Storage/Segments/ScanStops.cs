using System.Globalization;

namespace KafkaCompat.Storage.Segments;

/// <summary>Says in words why a scan stopped.</summary>
internal static class ScanStops
{
    public static string Describe(ScanStop stop, long position) => string.Create(CultureInfo.InvariantCulture, $"{Reason(stop)} at byte {position}");

    private static string Reason(ScanStop stop) => stop switch
    {
        ScanStop.Incomplete => "the file ends within the batch",
        ScanStop.BadLength => "a length that no batch can have stands",
        ScanStop.BadHeader => "a header that contradicts itself stands",
        ScanStop.UnknownMagic => "a batch of an unknown magic stands",
        ScanStop.BadChecksum => "the checksum is not that of the batch",
        _ => "the offsets go back",
    };
}
