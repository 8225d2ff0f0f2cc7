using System.Globalization;

namespace KafkaCompat.Benchmarks.Load;

/// <summary>
/// Brings a machine into the state of one that has run for days: memory that nobody needs holds file pages. On a virtual machine the first touch of memory
/// that the host has not backed costs several times what a broker does with it, and on a fresh machine both brokers are measured by that cost. A sparse file is
/// read until little is free; its pages cost no disk and are the first that the system takes back.
/// </summary>
internal sealed class PageCache : IDisposable
{
    /// <summary>Free memory in MiB at which the cache counts as full.</summary>
    private const long FreeAtMostMiB = 2048;
    private const int ChunkBytes = 1 << 20;

    private readonly FileStream _file;
    private readonly byte[] _chunk = new byte[ChunkBytes];

    public PageCache(string folder)
    {
        _file = new FileStream(
            Path.Combine(folder, "sparse"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        _file.SetLength(long.MaxValue / (1L << 22));
    }

    /// <summary>Reads on until memory is full of pages.</summary>
    public void Fill()
    {
        while (FreeMiB() > FreeAtMostMiB)
        {
            for (var i = 0; i < 64; i++)
            {
                if (_file.Read(_chunk) == 0)
                {
                    _file.Position = 0;
                }
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private static long FreeMiB()
    {
        const string Field = "MemFree:";
        var line = File.ReadLines("/proc/meminfo").First(static line => line.StartsWith(Field, StringComparison.Ordinal));
        return long.Parse(line[Field.Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture) / 1024;
    }
}
