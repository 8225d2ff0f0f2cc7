using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace KafkaCompat.Server.Http;

/// <summary>
/// Text that is being made, in pooled pieces, up to <see cref="MaxBytes"/>. What comes behind that is dropped, whole lines of it, and <see cref="IsFull"/> says
/// so.
/// </summary>
internal sealed class ExpositionBuffer : IDisposable
{
    /// <summary>Ten thousand topics' worth of series; a scraper that is sent more would not keep up either.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int PieceBytes = 32 * 1024;

    /// <summary>A line is made here before it is copied, so that one that does not fit leaves nothing behind.</summary>
    private readonly ArrayBufferWriter<byte> _line = new(256);

    private readonly List<byte[]> _pieces = [];
    private int _lastLength;

    /// <summary>Whether lines were dropped.</summary>
    public bool IsFull { get; private set; }

    public long Length => _pieces.Count == 0 ? 0 : ((long)(_pieces.Count - 1) * PieceBytes) + _lastLength;

    /// <summary>Adds to the line that is being made.</summary>
    public void Append(ReadOnlySpan<char> text) => _ = Encoding.UTF8.GetBytes(text, _line);

    public void Append(char character) => Append([character]);

    /// <summary>Adds a number as the format has it.</summary>
    public void Append<T>(T number)
        where T : IUtf8SpanFormattable
    {
        const int longest = 32;
        _ = number.TryFormat(_line.GetSpan(longest), out var written, default, System.Globalization.CultureInfo.InvariantCulture);
        _line.Advance(written);
    }

    /// <summary>Ends the line.</summary>
    public void EndLine()
    {
        Append('\n');
        if (IsFull || Length + _line.WrittenCount > MaxBytes)
        {
            IsFull = true;
        }
        else
        {
            Copy(_line.WrittenSpan);
        }

        _line.ResetWrittenCount();
    }

    /// <summary>Hands all of it to a pipe, at the pace of whoever reads there.</summary>
    public async Task CopyTo(PipeWriter output, CancellationToken cancellation)
    {
        for (var i = 0; i < _pieces.Count; i++)
        {
            var length = i < _pieces.Count - 1 ? PieceBytes : _lastLength;
            var flushed = await output.WriteAsync(_pieces[i].AsMemory(0, length), cancellation).ConfigureAwait(false);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        foreach (var piece in _pieces)
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        _pieces.Clear();
    }

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_pieces.Count == 0 || _lastLength == PieceBytes)
            {
                _pieces.Add(ArrayPool<byte>.Shared.Rent(PieceBytes));
                _lastLength = 0;
            }

            var part = bytes[..Math.Min(bytes.Length, PieceBytes - _lastLength)];
            part.CopyTo(_pieces[^1].AsSpan(_lastLength));
            _lastLength += part.Length;
            bytes = bytes[part.Length..];
        }
    }
}
