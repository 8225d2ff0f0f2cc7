using System.Buffers.Binary;
using System.Buffers.Text;

namespace KafkaCompat.Protocol;

/// <summary>Kafka's 16-byte id: two longs, most significant first; as text 22 characters of base64url.</summary>
public readonly record struct Uuid(long High, long Low) : IComparable<Uuid>
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 16;

    /// <summary>Characters of the text form.</summary>
    public const int TextLength = 22;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private const string Padding = "==";

    /// <summary>128 bits end two bits into the last character of six.</summary>
    private const int SpareBits = 0b1111;

    /// <summary>No id.</summary>
    public static Uuid Zero => default;

    /// <summary>The id of the metadata log's topic; also the one reserved value 1.</summary>
    public static Uuid MetadataTopicId => new(0, 1);

    /// <summary>Reads an id from its first 16 bytes.</summary>
    public static Uuid Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadInt64BigEndian(source), BinaryPrimitives.ReadInt64BigEndian(source[8..]));

    /// <summary>Writes the 16 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, High);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], Low);
    }

    /// <summary>Reads the text form; throws <see cref="FormatException"/> where it is none.</summary>
    public static Uuid Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a base64url id of 22 characters");

    /// <summary>
    /// Reads the text form as Java's decoder does: what the last character has to spare does not count, and the two characters that fill it up may be there.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Uuid id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        Span<char> exact = stackalloc char[TextLength];
        if (text.Length == TextLength + Padding.Length && text.EndsWith(Padding))
        {
            text = text[..TextLength];
        }

        if (text.Length == TextLength && Alphabet.IndexOf(text[^1]) is >= 0 and var last)
        {
            text.CopyTo(exact);
            exact[^1] = Alphabet[last & ~SpareBits];
        }

        if (text.Length == TextLength && Base64Url.IsValid(exact) && Base64Url.TryDecodeFromChars(exact, bytes, out var written) && written == Size)
        {
            id = Read(bytes);
            return true;
        }

        id = Zero;
        return false;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Kafka orders ids as two signed longs.</summary>
    public int CompareTo(Uuid other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>Whether the left id comes first.</summary>
    public static bool operator <(Uuid left, Uuid right) => left.CompareTo(right) < 0;

    /// <summary>Whether the right id comes first.</summary>
    public static bool operator >(Uuid left, Uuid right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left id comes first or both are the same.</summary>
    public static bool operator <=(Uuid left, Uuid right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the right id comes first or both are the same.</summary>
    public static bool operator >=(Uuid left, Uuid right) => left.CompareTo(right) >= 0;
}
