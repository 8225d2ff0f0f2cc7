using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>What the writer and the size of tagged fields have in common.</summary>
internal static class Tags
{
    /// <summary>A tag is written in the versions that have it, where it does not hold its default.</summary>
    public static string Condition(Field field, VersionRange context) =>
        field.Versions.ConditionIn(context) is { } versions ? $"{versions} && {field.IsSet()}" : field.IsSet();

    /// <summary>Bytes of the field's content.</summary>
    public static string SizeExpression(Field field) =>
        field.IsArray || field.Type == WireType.Struct ? $"{field.PropertyName}Size(version)"
        : field.Type.FixedSize() is > 0 and var size ? $"{size}"
        : $"WireSize.{field.Type}({field.Stored()}, true)";
}
