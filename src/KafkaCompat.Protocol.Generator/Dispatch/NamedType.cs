namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>A parameter of a handler's constructor, or a part of a node that fits one: a type, and what it is called.</summary>
internal sealed record NamedType(string Type, string Name);
