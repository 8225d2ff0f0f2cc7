using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace KafkaCompat.Fuzz.Engine;

/// <summary>
/// The edges that instrumented assemblies count while they run, and those seen so far. A count is kept as one of eight magnitudes, so that a loop
/// that runs longer is news and one that runs once more is not.
/// </summary>
internal sealed unsafe class CoverageMap
{
    /// <summary>What SharpFuzz's instrumentation indexes.</summary>
    private const int Bytes = 1 << 16;

    /// <summary>For the life of the program: what is instrumented writes here whenever it runs.</summary>
    private static readonly byte* Counts = (byte*)NativeMemory.AlignedAlloc(Bytes, 64);

    private readonly byte[] _seen = new byte[Bytes];

    /// <summary>To be called before anything instrumented runs.</summary>
    public static void Attach() => Trace.SharedMem = Counts;

    /// <summary>Edges seen so far.</summary>
    public int Edges { get; private set; }

    /// <summary>Forgets the counts of the last run.</summary>
    public static void Begin()
    {
        new Span<byte>(Counts, Bytes).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether the run since <see cref="Begin"/> did what none did before.</summary>
    public bool End()
    {
        var isNew = false;
        var words = new ReadOnlySpan<ulong>(Counts, Bytes / sizeof(ulong));
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] == 0)
            {
                continue;
            }

            for (var at = i * sizeof(ulong); at < (i + 1) * sizeof(ulong); at++)
            {
                var magnitude = Magnitude(Counts[at]);
                if ((magnitude & ~_seen[at]) == 0)
                {
                    continue;
                }

                if (_seen[at] == 0)
                {
                    Edges++;
                }

                _seen[at] |= magnitude;
                isNew = true;
            }
        }

        return isNew;
    }

    private static byte Magnitude(byte count) => count == 0 ? (byte)0 : (byte)(1 << BitOperations.Log2(count));
}
