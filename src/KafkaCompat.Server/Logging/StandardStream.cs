using System.Runtime.InteropServices;
using System.Text;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// Standard output or standard error of a node. Lines go there as they come, and nothing that is wrong with the stream reaches whoever writes: a full disk, a reader that has
/// gone, a reader that has stopped reading, a closed descriptor. What cannot be written is dropped and counted, and a line says how many there were once the stream takes
/// lines again.
/// </summary>
internal sealed partial class StandardStream : TextWriter
{
    public const int OutputDescriptor = 1;
    public const int ErrorDescriptor = 2;

    /// <summary>How long a line waits for a reader that does not read. While it goes on not reading, the lines behind that one do not wait.</summary>
    public const int MaxStallMs = 1_000;

    /// <summary>A pipe that says that it takes bytes takes this many without blocking (PIPE_BUF).</summary>
    private const int PieceBytes = 4_096;

    private const short PollOut = 4;
    private const int Interrupted = 4;

    /// <summary>One for both streams: they are often the same pipe, and what poll said of it has to hold for the write.</summary>
    private static readonly Lock Gate = new();

    private readonly int _descriptor;
    private readonly Stream? _console;
    private bool _isStalled;
    private bool _isTorn;
    private long _lost;
    private string _reason = "";

    /// <param name="descriptor">Which stream.</param>
    public StandardStream(int descriptor)
    {
        _descriptor = descriptor;

        // Other systems have no poll to ask.
        _console = OperatingSystem.IsWindows() ? (descriptor == OutputDescriptor ? Console.OpenStandardOutput() : Console.OpenStandardError()) : null;
    }

    /// <summary>How the line about lost lines is made of their number and the reason.</summary>
    public Func<long, string, string> LostLines { get; set; } = static (count, reason) => $"kafkacompat: {count} lines were lost here: {reason}";

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value) => Add(value ?? "");

    public override void WriteLine(string? value) => Add(value + "\n");

    private void Add(string text)
    {
        lock (Gate)
        {
            try
            {
                if (_lost > 0)
                {
                    var lines = LostLines(_lost, _reason);
                    if (!TryWrite((_isTorn ? "\n" : "") + lines + "\n"))
                    {
                        _lost++;
                        return;
                    }

                    _lost = 0;
                }

                if (!TryWrite(text))
                {
                    _lost++;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
            {
                (_lost, _reason) = (_lost + 1, e.Message);
            }
        }
    }

    private bool TryWrite(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (_console is not null)
        {
            _console.Write(bytes);
            return true;
        }

        for (var at = 0; at < bytes.Length;)
        {
            if (!IsReady())
            {
                _isTorn |= at > 0;
                return false;
            }

            var count = (int)Write(_descriptor, bytes.AsSpan(at, Math.Min(bytes.Length - at, PieceBytes)), Math.Min(bytes.Length - at, PieceBytes));
            var error = Marshal.GetLastPInvokeError();
            if (count < 0 && error != Interrupted)
            {
                _reason = Marshal.GetPInvokeErrorMessage(error);
                _isTorn |= at > 0;
                return false;
            }

            at += Math.Max(count, 0);
        }

        _isTorn = false;
        return true;
    }

    /// <summary>Whether a piece can be written without waiting for the reader any longer.</summary>
    private bool IsReady()
    {
        // Where poll fails, the write will say why.
        var wait = new PollDescriptor { Descriptor = _descriptor, Events = PollOut };
        if (Poll(ref wait, 1, _isStalled ? 0 : MaxStallMs) != 0)
        {
            _isStalled = false;
            return true;
        }

        (_isStalled, _reason) = (true, "nobody read them");
        return false;
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
