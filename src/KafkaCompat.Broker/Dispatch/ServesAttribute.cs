using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>Says which API key a handler serves, and in which versions. The dispatch table is built from it.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ServesAttribute(ApiKey key, short minVersion, short maxVersion) : Attribute
{
    public ApiKey Key { get; } = key;

    public short MinVersion { get; } = minVersion;

    public short MaxVersion { get; } = maxVersion;
}
