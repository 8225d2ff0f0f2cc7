using System.Collections.Immutable;

using KafkaCompat.Cluster.Machines;

namespace KafkaCompat.Cluster.Groups;

/// <summary>One protocol that a member offers (an assignor's name, for consumers) with the member's metadata for it.</summary>
public readonly record struct MemberProtocol(string Name, byte[] Metadata);

/// <summary>A member of a classic group. Values are immutable, so that drafts of a group share them.</summary>
public sealed record ClassicMember
{
    public required string MemberId { get; init; }

    /// <summary>Of a static member: it keeps its place while it restarts.</summary>
    public string? GroupInstanceId { get; init; }

    public required string ClientId { get; init; }

    public required string ClientHost { get; init; }

    public required int RebalanceTimeoutMs { get; init; }

    public required int SessionTimeoutMs { get; init; }

    /// <summary>In the member's order of preference.</summary>
    public required ImmutableArray<MemberProtocol> Protocols { get; init; }

    /// <summary>What the leader last assigned; empty until it did.</summary>
    public byte[] Assignment { get; init; } = [];

    /// <summary>Waits for its first rebalance: it has no way to send heartbeats yet.</summary>
    public bool IsNew { get; init; }

    /// <summary>When its session ends unless it is heard of, in milliseconds since the epoch.</summary>
    public long SessionDeadline { get; init; }

    /// <summary>The JoinGroup request that waits for the rebalance.</summary>
    public Ticket? JoinTicket { get; init; }

    /// <summary>The SyncGroup request that waits for the leader's assignment.</summary>
    public Ticket? SyncTicket { get; init; }

    internal bool IsStatic => GroupInstanceId is not null;

    internal byte[] MetadataFor(string? protocol)
    {
        foreach (var offered in Protocols)
        {
            if (offered.Name == protocol)
                return offered.Metadata;
        }
        return [];
    }

    /// <summary>Whether it offers exactly these protocols, in this order, with the same metadata.</summary>
    internal bool Offers(ImmutableArray<MemberProtocol> protocols)
    {
        if (protocols.Length != Protocols.Length)
            return false;
        for (var i = 0; i < protocols.Length; i++)
        {
            if (protocols[i].Name != Protocols[i].Name || !protocols[i].Metadata.AsSpan().SequenceEqual(Protocols[i].Metadata))
                return false;
        }
        return true;
    }
}
