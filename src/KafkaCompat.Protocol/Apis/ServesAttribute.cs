namespace KafkaCompat.Protocol;

/// <summary>
/// Says which API key a handler serves, in which versions, and on which listeners. The dispatch tables are built from it. A handler on no listener is asked
/// within the node alone: by a handler that stands before it, or by the node's own broker.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ServesAttribute(ApiKey key, short minVersion, short maxVersion, ApiListeners listeners = ApiListeners.Broker) : Attribute
{
    /// <summary>The API.</summary>
    public ApiKey Key { get; } = key;

    /// <summary>The lowest version that is served.</summary>
    public short MinVersion { get; } = minVersion;

    /// <summary>The highest version that is served.</summary>
    public short MaxVersion { get; } = maxVersion;

    /// <summary>Where it is served.</summary>
    public ApiListeners Listeners { get; } = listeners;
}
