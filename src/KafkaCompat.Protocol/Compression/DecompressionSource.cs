namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Decompressed bytes, a chunk at a time, so that whoever checks them needs no memory for all of them. A chunk is at most a block of the
/// codec, and never larger than what the compressed bytes behind it can really hold.
/// </summary>
public abstract class DecompressionSource : IDisposable
{
    /// <summary>Set when <see cref="TryRead"/> returned false because the bytes are not of this codec, are damaged, or end too soon.</summary>
    public bool IsDamaged { get; protected set; }

    /// <summary>
    /// Whether Kafka's reader of this codec goes on to the next block before it hands out the one it has. Then what is damaged further on is found before
    /// what is wrong with the records here, and the answer is about the damage.
    /// </summary>
    public virtual bool ReadsAhead => false;

    /// <summary>The next bytes, at least one; they are valid until the next call.</summary>
    public abstract bool TryRead(out ReadOnlySpan<byte> chunk);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    protected bool Damaged(out ReadOnlySpan<byte> chunk)
    {
        IsDamaged = true;
        chunk = default;
        return false;
    }
}
