namespace KafkaCompat.Testing;

/// <summary>Where a broker keeps its files.</summary>
public enum BrokerStorage
{
    /// <summary>In memory, for as long as the broker object lives: stops, kills and restarts keep them.</summary>
    Memory,

    /// <summary>In a temporary folder that is deleted when the broker is disposed of. Fetches leave by sendfile, as in production.</summary>
    TemporaryDirectory,

    /// <summary>In <see cref="KafkaCompatBrokerOptions.DataDirectory"/>.</summary>
    Directory,
}
