namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>What the spec says of a key.</summary>
internal sealed record KeyFacts(int Number, string Name, Listeners Listeners, bool IsForwardable);

/// <summary>ApiListeners.</summary>
[Flags]
internal enum Listeners
{
    None = 0,
    Broker = 1,
    Controller = 2,
}
