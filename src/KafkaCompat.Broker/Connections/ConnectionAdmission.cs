namespace KafkaCompat.Broker.Connections;

/// <summary>What became of a connection that wanted in.</summary>
public enum ConnectionAdmission
{
    /// <summary>It may be served, and has to be taken back with <see cref="ConnectionQuota.Leave"/>.</summary>
    Admitted,

    /// <summary>Its address has as many connections as it may have: it is closed.</summary>
    AddressIsFull,

    /// <summary>Its address connects more often than its quota allows: it is closed, after the time that says <see cref="ConnectionEntry.HoldMs"/>.</summary>
    AddressIsThrottled,

    /// <summary>The node stops.</summary>
    Closed,
}
