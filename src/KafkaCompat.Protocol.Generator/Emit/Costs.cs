using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>The least that things take on the wire, and what they allocate: the two numbers a reader checks a count against.</summary>
internal sealed class Costs(Message message)
{
    private const int ObjectHeader = 16;
    private const int EmptyList = 32;

    /// <summary>The least bytes of an element of this array, over all versions.</summary>
    public int LeastElementBytes(Field field)
    {
        if (field.Struct is not { } s)
        {
            return field.Type.FixedSize() is > 0 and var size ? size : LeastLength(field);
        }

        var least = int.MaxValue;
        for (var version = s.Context.Low; version <= s.Context.High; version++)
        {
            least = Math.Min(least, LeastBytes(s, version));
        }

        return Math.Max(1, least);
    }

    /// <summary>What an element of this array allocates, its slot in the list included.</summary>
    public static int ElementCost(Field field) => field.Struct is { } s ? 8 + ObjectCost(s) : field.Type.FieldSize();

    public static int ObjectCost(Struct s)
    {
        var size = ObjectHeader + 8;
        foreach (var field in s.Fields)
        {
            size += field.IsArray || field.Type == WireType.Struct ? 8 : field.Type.FieldSize();
            size += field.IsArray && field.CanBeNull && !field.DefaultsToNull ? EmptyList : 0;
        }

        return (size + 7) / 8 * 8;
    }

    private int LeastLength(Field field) => message.Flexible.IsEmpty || field.Inflexible ? 2 : 1;

    private int LeastBytes(Struct s, int version)
    {
        var at = new VersionRange(version, version);
        var flexible = message.Flexible.Covers(at);
        var bytes = flexible ? 1 : 0;
        foreach (var field in s.Fields)
        {
            if (field.Tag is not null || !field.Versions.Covers(at))
            {
                continue;
            }

            if (field.IsArray || field.Type is WireType.Bytes or WireType.Records)
            {
                bytes += flexible ? 1 : 4;
            }
            else if (field.Type == WireType.String)
            {
                bytes += flexible ? 1 : 2;
            }
            else
            {
                bytes += field.Struct is { } inner ? (field.CanBeNull ? 1 : LeastBytes(inner, version)) : field.Type.FixedSize();
            }
        }

        return bytes;
    }
}
