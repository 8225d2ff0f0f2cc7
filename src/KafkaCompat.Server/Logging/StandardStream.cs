using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// Standard output or standard error of a node. Lines go there as they come, and nothing that is wrong with the stream reaches whoever writes: a full disk, a
/// reader that has gone, a reader that has stopped reading, a closed descriptor. Whoever logs may be serving a request, and does not wait for a reader that
/// reads slowly: up to <see cref="MaxWaitingBytes"/> of lines wait here, and go when it reads. Behind them a line waits for its reader, and what cannot be
/// written is dropped and counted; a line says how many there were once the stream takes lines again.
/// </summary>
internal sealed partial class StandardStream : TextWriter
{
    public const int OutputDescriptor = 1;
    public const int ErrorDescriptor = 2;

    /// <summary>
    /// How long a line waits for a reader that does not read, where as much waits as may. While it goes on not reading, the lines behind that one do not wait.
    /// The program's end waits as long for what is left.
    /// </summary>
    public const int MaxStallMs = 1_000;

    /// <summary>What waits for a reader without anybody waiting with it.</summary>
    public const int MaxWaitingBytes = 64 * 1024;

    /// <summary>How often it is looked whether the reader has read.</summary>
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>A pipe that says that it takes bytes takes this many without blocking (PIPE_BUF).</summary>
    private const int PieceBytes = 4_096;

    private const short PollOut = 4;
    private const int Interrupted = 4;

    /// <summary>One for both streams: they are often the same pipe, and what poll said of it has to hold for the write.</summary>
    private static readonly Lock Gate = new();

    private readonly int _descriptor;
    private readonly Stream? _console;
    private readonly Queue<WaitingLine> _waiting = new();
    private readonly Timer _retry;
    private int _waitingBytes;
    private bool _isClosed;

    /// <summary>Bytes of the first line that waits which the stream has taken.</summary>
    private int _at;
    private bool _isStalled;

    /// <summary>What the stream took last is a part of a line, and nothing waits yet that ends it.</summary>
    private bool _isTorn;
    private long _lost;
    private string _reason = "";

    /// <param name="descriptor">Which stream.</param>
    public StandardStream(int descriptor)
    {
        _descriptor = descriptor;
        _retry = new Timer(static stream => ((StandardStream)stream!).Retry(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        // Other systems have no poll to ask.
        _console = OperatingSystem.IsWindows() ? (descriptor == OutputDescriptor ? Console.OpenStandardOutput() : Console.OpenStandardError()) : null;
    }

    /// <summary>How the line about lost lines is made of their number and the reason.</summary>
    public Func<long, string, string> LostLines { get; set; } = static (count, reason) => $"kafkacompat: {Lost(count)}: {reason}";

    /// <summary>How many lines are missing, in words.</summary>
    public static string Lost(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "line was" : "lines were")} lost here");

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Bytes that wait for the reader.</summary>
    public int WaitingBytes
    {
        get
        {
            lock (Gate)
            {
                return _waitingBytes;
            }
        }
    }

    /// <summary>How often somebody has waited for a reader that did not read.</summary>
    public int Waits
    {
        get
        {
            lock (Gate)
            {
                return field;
            }
        }

        private set;
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value) => Add(value ?? "");

    public override void WriteLine(string? value) => Add(value + "\n");

    /// <summary>Waits for the reader of what is left, as long as a line may, whether or not it had stopped. What is lost is reported behind it.</summary>
    public override void Flush()
    {
        lock (Gate)
        {
            ReportLost();
            _isStalled = false;
            _ = Drain(MaxStallMs, downTo: 0);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Flush();
            lock (Gate)
            {
                _isClosed = true;
            }

            _retry.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Add(string text)
    {
        lock (Gate)
        {
            if (!Drain(0, downTo: 0) && !Drain(MaxStallMs, downTo: MaxWaitingBytes))
            {
                _lost++;
                return;
            }

            ReportLost();
            Wait(text);
            Go();
        }
    }

    private void ReportLost()
    {
        if (_lost == 0) return;
        Wait((_isTorn ? "\n" : "") + LostLines(_lost, _reason) + "\n", _lost, _isTorn);
        (_lost, _isTorn) = (0, false);
    }

    private void Wait(string text, long lostLines = 0, bool endsTorn = false)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _waiting.Enqueue(new WaitingLine(bytes, lostLines, endsTorn));
        _waitingBytes += bytes.Length;
    }

    private void Retry()
    {
        lock (Gate)
        {
            Go();
        }
    }

    /// <summary>
    /// Writes what the stream takes now, and looks again for the rest. Nobody does that for a stream that is closed: its last lines wait for their reader.
    /// </summary>
    private void Go()
    {
        if (!Drain(_isClosed ? MaxStallMs : 0, downTo: 0) && !_isClosed)
        {
            _ = _retry.Change(RetryEvery, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// Writes what waits until it is as little as is said, and waits for a reader that does not read as long as is said. False where more is left; what the
    /// stream refuses is lost.
    /// </summary>
    private bool Drain(int patienceMs, int downTo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (_waitingBytes > downTo && _waiting.TryPeek(out var first))
        {
            var line = first.Bytes;
            try
            {
                if (_console is not null)
                {
                    _console.Write(line);
                    _at = line.Length;
                }
                else if (!IsReady(Math.Max(patienceMs - (int)TimeProvider.System.GetElapsedTime(began).TotalMilliseconds, 0)))
                {
                    return false;
                }
                else
                {
                    _at += WritePiece(line);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
            {
                Lose(e.Message);
                return true;
            }

            if (_at == line.Length)
            {
                Forget(line);
            }
        }

        return true;
    }

    /// <summary>Writes some of a line, as much as a pipe takes without blocking.</summary>
    private int WritePiece(byte[] line)
    {
        var length = Math.Min(line.Length - _at, PieceBytes);
        var count = (int)Write(_descriptor, line.AsSpan(_at, length), length);
        var error = Marshal.GetLastPInvokeError();
        return count >= 0 ? count : error == Interrupted ? 0 : throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    /// <summary>The stream takes nothing: all that waits is lost.</summary>
    private void Lose(string reason)
    {
        _reason = reason;
        _isTorn |= _at > 0;
        while (_waiting.TryPeek(out var line))
        {
            // A line about lost ones is lost with its count, and with the end of the torn line before it.
            _lost += Math.Max(line.LostLines, 1);
            _isTorn |= line.EndsTorn;
            Forget(line.Bytes);
        }
    }

    private void Forget(byte[] line)
    {
        _ = _waiting.Dequeue();
        _waitingBytes -= line.Length;
        _at = 0;
    }

    /// <summary>Whether a piece can be written without waiting for the reader any longer.</summary>
    private bool IsReady(int patienceMs)
    {
        if (IsReadyWithin(0))
        {
            _isStalled = false;
            return true;
        }

        _reason = "nobody read them";
        if (patienceMs == 0 || _isStalled) return false;
        Waits++;
        _isStalled = !IsReadyWithin(patienceMs);
        return !_isStalled;
    }

    /// <summary>Where poll fails, the write will say why.</summary>
    private bool IsReadyWithin(int timeoutMs)
    {
        var wait = new PollDescriptor { Descriptor = _descriptor, Events = PollOut };
        return Poll(ref wait, 1, timeoutMs) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    /// <param name="Bytes">The line.</param>
    /// <param name="LostLines">How many lines it reports.</param>
    /// <param name="EndsTorn">Whether it first ends a line that the stream took in part.</param>
    private readonly record struct WaitingLine(byte[] Bytes, long LostLines, bool EndsTorn);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
