namespace KafkaCompat.Protocol.Generator.Model;

/// <summary>One field of a message or struct, as its line in the spec says.</summary>
internal sealed class Field
{
    /// <summary>The name as specs and JSON have it.</summary>
    public required string Name { get; init; }

    /// <summary>The type as written: a wire type, a semantic type or a struct.</summary>
    public required string TypeName { get; init; }

    public required WireType Type { get; init; }

    public required bool IsArray { get; init; }

    public required VersionRange Versions { get; init; }

    public required VersionRange Nullable { get; init; }

    /// <summary>The default as written, null where it is the type's own.</summary>
    public string? Default { get; init; }

    public int? Tag { get; init; }

    public bool IsKey { get; init; }

    public bool Ignorable { get; init; }

    public bool ZeroCopy { get; init; }

    /// <summary>Strings keep the old length prefix although the message is flexible.</summary>
    public bool Inflexible { get; init; }

    /// <summary>The struct this field holds, inline or shared; set once all structs of the message are known.</summary>
    public Struct? Struct { get; set; }

    public int Line { get; init; }

    public string PropertyName => char.ToUpperInvariant(Name[0]) + Name.Substring(1);

    public bool IsErrorCode => TypeName == "errorCode";

    public bool DefaultsToNull => Default == "null";

    public bool CanBeNull => !Nullable.IsEmpty;
}
