namespace KafkaCompat.Protocol.Generator.Model;

/// <summary>Fields in the order of the wire, under a name.</summary>
internal sealed class Struct
{
    public required string Name { get; init; }

    public required List<Field> Fields { get; init; }

    /// <summary>Declared by a struct line, to be used by several fields.</summary>
    public bool IsShared { get; init; }

    /// <summary>The C# class: the struct's name, or that and "Data" where a property of the enclosing class or its own takes the name.</summary>
    public string ClassName { get; set; } = "";

    /// <summary>The versions in which this struct can occur.</summary>
    public VersionRange Context { get; set; }

    public int Line { get; init; }
}
