namespace KafkaCompat.Protocol;

/// <summary>
/// What the spec of a key says of where it is served, for the generator of dispatch tables. At run time <see cref="ApiCatalog"/> says it, and more.
/// </summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class ApiFactsAttribute(ApiListeners listeners, bool isForwardable) : Attribute
{
    /// <summary>Where Kafka serves it.</summary>
    public ApiListeners Listeners { get; } = listeners;

    /// <summary>Whether a broker passes the request on to the controller.</summary>
    public bool IsForwardable { get; } = isForwardable;
}
