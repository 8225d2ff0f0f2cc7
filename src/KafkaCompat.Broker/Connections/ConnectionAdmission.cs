namespace KafkaCompat.Broker.Connections;

/// <summary>What became of a connection that wanted in.</summary>
public enum ConnectionAdmission
{
    /// <summary>It may be served, and has to be taken back with <see cref="ConnectionQuota.Leave"/>.</summary>
    Admitted,

    /// <summary>Its address has as many connections as it may have: it is closed.</summary>
    AddressIsFull,

    /// <summary>The node stops.</summary>
    Closed,
}
