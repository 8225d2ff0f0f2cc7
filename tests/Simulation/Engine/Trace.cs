using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// Every event of a run in its order, as one hash: two runs with the same hash did the same. The events are written down besides where somebody wants to
/// see where two runs part.
/// </summary>
internal sealed class Trace(TextWriter? text) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _used;

    /// <summary>Events so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether somebody reads the events.</summary>
    public bool IsRead => text is not null;

    /// <summary>An event in words.</summary>
    public void Add(string what)
    {
        Count++;
        text?.WriteLine(what);
        if (Encoding.UTF8.GetMaxByteCount(what.Length) > _buffer.Length - _used)
        {
            Flush();
        }

        if (Encoding.UTF8.GetMaxByteCount(what.Length) > _buffer.Length)
        {
            _hash.AppendData(Encoding.UTF8.GetBytes(what));
            return;
        }

        _used += Encoding.UTF8.GetBytes(what, _buffer.AsSpan(_used));
    }

    /// <summary>Bytes that belong to the event before.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        Flush();
        _hash.AppendData(bytes);
        if (text is not null)
        {
            text.WriteLine($"    {bytes.Length} bytes {Convert.ToHexString(SHA256.HashData(bytes), 0, 8)}");
        }
    }

    /// <summary>A step of the scheduler.</summary>
    public void Step(long time, int context)
    {
        Count++;
        if (_used + 12 > _buffer.Length)
        {
            Flush();
        }

        BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(_used), time);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_used + 8), context);
        _used += 12;
    }

    /// <summary>A note for whoever reads the events; no part of the hash.</summary>
    public void Note(string what) => text?.WriteLine(what);

    /// <summary>The hash of all events so far.</summary>
    public string Hash()
    {
        Flush();
        return Convert.ToHexString(_hash.GetCurrentHash(), 0, 16);
    }

    public void Dispose()
    {
        _hash.Dispose();
        text?.Flush();
    }

    private void Flush()
    {
        _hash.AppendData(_buffer, 0, _used);
        _used = 0;
    }
}
