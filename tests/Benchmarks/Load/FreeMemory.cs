using System.Runtime.InteropServices;

namespace KafkaCompat.Benchmarks.Load;

/// <summary>
/// Brings free memory into the state that it has on a machine of its own: there. A virtual machine's host takes back what is free for seconds, and gives it
/// again page by page when it is touched, which costs several times what a broker does with a page, and costs the broker that happens to touch it.
/// </summary>
internal static unsafe class FreeMemory
{
    /// <summary>More than a load writes and the system's allocator scatters.</summary>
    private const long Bytes = 6L << 30;
    private const int Threads = 2;

    /// <summary>Touches as much memory as the next load needs, and frees it again.</summary>
    public static void Touch()
    {
        var page = Environment.SystemPageSize;
        var memory = (byte*)NativeMemory.Alloc(unchecked((nuint)Bytes));
        _ = Parallel.For(0, Threads, thread =>
        {
            for (var at = Bytes / Threads * thread; at < Bytes / Threads * (thread + 1); at += page)
            {
                memory[at] = 1;
            }
        });
        NativeMemory.Free(memory);
    }
}
