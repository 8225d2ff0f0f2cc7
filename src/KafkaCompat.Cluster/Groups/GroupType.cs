namespace KafkaCompat.Cluster.Groups;

/// <summary>The four kinds of group that <c>__consumer_offsets</c> can hold.</summary>
public enum GroupType
{
    /// <summary>The JoinGroup and SyncGroup protocol, and groups that only commit offsets.</summary>
    Classic,

    /// <summary>KIP-848.</summary>
    Consumer,

    /// <summary>KIP-932.</summary>
    Share,

    /// <summary>KIP-1071.</summary>
    Streams,
}

/// <summary>What every kind of group has in common for the listing.</summary>
public abstract class Group(string groupId)
{
    /// <summary>The group's name.</summary>
    public string GroupId { get; } = groupId;

    /// <summary>Its kind.</summary>
    public abstract GroupType Type { get; }

    /// <summary>The state's name in listings.</summary>
    public abstract string StateName { get; }

    /// <summary>The protocol type in listings; empty for a group that only commits offsets.</summary>
    public abstract string ProtocolTypeName { get; }
}
