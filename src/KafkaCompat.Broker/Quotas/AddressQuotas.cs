namespace KafkaCompat.Broker.Quotas;

/// <summary>Connections a second by address: those of single hosts, and what holds for every other; null where nothing does.</summary>
public sealed record AddressQuotas(double? Default, IReadOnlyDictionary<string, double> ByHost)
{
    public static AddressQuotas None { get; } = new(null, new Dictionary<string, double>());
}
