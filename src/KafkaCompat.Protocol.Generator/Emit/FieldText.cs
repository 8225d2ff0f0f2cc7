using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>A field in the words of C#: its type, its default, the expressions that test it.</summary>
internal static class FieldText
{
    /// <summary>Lists and structs that may not be null are made when first touched, so that decoding does not make what it replaces.</summary>
    public static bool IsLazy(this Field f) => !f.CanBeNull && (f.IsArray || f.Type == WireType.Struct);

    /// <summary>The name to read without creating what is lazy.</summary>
    public static string Stored(this Field f) => f.IsLazy() ? "_" + f.Name : f.PropertyName;

    public static string ElementType(this Field f) =>
        f.Struct is { } s ? s.ClassName : f.IsErrorCode ? "ErrorCode" : f.Type.CSharpName();

    public static string PropertyType(this Field f)
    {
        var type = f.IsArray ? $"List<{f.ElementType()}>" : f.ElementType();
        return f.CanBeNull ? type + "?" : type;
    }

    /// <summary>The initializer of the property, null where C#'s own default is the field's.</summary>
    public static string? Initializer(this Field f)
    {
        if (f.DefaultsToNull)
        {
            return null;
        }

        if (f.IsArray)
        {
            return "[]";
        }

        switch (f.Type)
        {
            case WireType.Struct:
                return "new()";
            case WireType.String:
                return f.Default is { } text ? Quote(text) : "\"\"";
            case WireType.Bytes:
                return "[]";
            case WireType.Records:
                return f.CanBeNull ? null : "RecordBytes.Empty";
            default:
                return f.Default is null ? null : f.IsErrorCode ? $"(ErrorCode)({f.Default})" : f.Default;
        }
    }

    /// <summary>The condition that a field holds its default.</summary>
    public static string IsDefault(this Field f)
    {
        var x = f.Stored();
        if (f.DefaultsToNull)
        {
            return $"{x} is null";
        }

        if (f.IsArray)
        {
            return f.CanBeNull ? $"{x} is {{ Count: 0 }}" : $"{x} is null or {{ Count: 0 }}";
        }

        return f.Type switch
        {
            WireType.Struct => f.CanBeNull ? $"{x} is {{ IsDefault: true }}" : $"{x} is null or {{ IsDefault: true }}",
            WireType.String => $"{x} == {f.Initializer()}",
            WireType.Bytes => $"{x} is {{ Length: 0 }}",
            WireType.Records => f.CanBeNull ? $"{x} is null" : $"{x}.Length == 0",
            WireType.Bool => f.Default == "true" ? x : $"!{x}",
            WireType.Uuid => $"{x} == Uuid.Zero",
            _ => f.IsErrorCode ? $"{x} == (ErrorCode)({f.Default ?? "0"})" : $"{x} == {f.Default ?? "0"}",
        };
    }

    /// <summary>The condition that a field is not at its default, so that its tag is written.</summary>
    public static string IsSet(this Field f)
    {
        var condition = f.IsDefault();
        return condition.EndsWith(" is null", StringComparison.Ordinal)
            ? condition.Substring(0, condition.Length - " is null".Length) + " is not null"
            : f.Type == WireType.Bool ? (f.Default == "true" ? $"!{f.Stored()}" : f.Stored()) : $"!({condition})";
    }

    /// <summary>What the spec says of a field, for its summary.</summary>
    public static string Facts(this Field f, VersionRange all)
    {
        var type = f.IsArray ? $"{f.TypeName} array" : f.TypeName;
        var versions = f.Versions.IsEmpty ? ", in no version" : f.Versions == all ? "" : $", versions {Span(f.Versions)}";
        var nullable = f.Nullable.IsEmpty ? "" : f.Nullable == f.Versions ? ", or null" : $", or null in versions {Span(f.Nullable)}";
        return type + versions + nullable + (f.Tag is { } tag ? $", tag {tag}" : "") + ".";
    }

    private static string Span(VersionRange range) => range.Low == range.High ? $"{range.Low}" : $"{range.Low} to {range.High}";

    /// <summary>The suffix of the reader's and writer's methods.</summary>
    public static string MethodName(this Field f) => f.IsErrorCode ? "ErrorCode" : f.Type.ToString();

    /// <summary>Whether the value takes a length before it, whose form depends on the version.</summary>
    public static bool IsPrefixed(this WireType type) => type is WireType.String or WireType.Bytes or WireType.Records;

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
}
