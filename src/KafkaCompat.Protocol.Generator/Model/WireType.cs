namespace KafkaCompat.Protocol.Generator.Model;

/// <summary>What carries a value on the wire.</summary>
internal enum WireType
{
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct,
}

internal static class WireTypes
{
    public static bool TryParse(string name, out WireType type)
    {
        (var known, type) = name switch
        {
            "bool" => (true, WireType.Bool),
            "int8" => (true, WireType.Int8),
            "int16" => (true, WireType.Int16),
            "uint16" => (true, WireType.UInt16),
            "int32" => (true, WireType.Int32),
            "uint32" => (true, WireType.UInt32),
            "int64" => (true, WireType.Int64),
            "float64" => (true, WireType.Float64),
            "uuid" => (true, WireType.Uuid),
            "string" => (true, WireType.String),
            "bytes" => (true, WireType.Bytes),
            "records" => (true, WireType.Records),
            _ => (false, WireType.Struct),
        };
        return known;
    }

    /// <summary>Bytes on the wire where that is the same for every value; 0 where it is not.</summary>
    public static int FixedSize(this WireType type) => type switch
    {
        WireType.Bool or WireType.Int8 => 1,
        WireType.Int16 or WireType.UInt16 => 2,
        WireType.Int32 or WireType.UInt32 => 4,
        WireType.Int64 or WireType.Float64 => 8,
        WireType.Uuid => 16,
        _ => 0,
    };

    /// <summary>Bytes of the field in its object.</summary>
    public static int FieldSize(this WireType type) => type.FixedSize() is > 0 and var size ? size : 8;

    public static string CSharpName(this WireType type) => type switch
    {
        WireType.Bool => "bool",
        WireType.Int8 => "sbyte",
        WireType.Int16 => "short",
        WireType.UInt16 => "ushort",
        WireType.Int32 => "int",
        WireType.UInt32 => "uint",
        WireType.Int64 => "long",
        WireType.Float64 => "double",
        WireType.Uuid => "Uuid",
        WireType.String => "string",
        WireType.Bytes => "byte[]",
        WireType.Records => "RecordBytes",
        _ => throw new InvalidOperationException("a struct has a name of its own"),
    };
}
