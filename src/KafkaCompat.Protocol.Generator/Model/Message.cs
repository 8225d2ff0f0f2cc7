namespace KafkaCompat.Protocol.Generator.Model;

internal enum MessageKind
{
    Request,
    Response,
    Header,
    Record,
    Key,
    Value,
    Data,
}

/// <summary>One message: a side of an API, a header, a record, or data inside other bytes.</summary>
internal sealed class Message
{
    public required MessageKind Kind { get; init; }

    public required string Name { get; init; }

    /// <summary>API key or record type; -1 where there is none.</summary>
    public required int Key { get; init; }

    public required VersionRange Valid { get; init; }

    /// <summary>The versions with compact lengths and tagged fields.</summary>
    public required VersionRange Flexible { get; init; }

    public required Struct Body { get; init; }

    /// <summary>Every struct under the body, inline and shared, in the order of the spec.</summary>
    public List<Struct> Structs { get; } = [];

    public int Line { get; init; }
}
