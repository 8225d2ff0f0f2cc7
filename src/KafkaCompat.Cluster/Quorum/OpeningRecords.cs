using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// The first batch of a leader's epoch (KIP-595): who leads, and who voted for it. Where the voters are in the log (KIP-853), it names them too if the log is
/// empty, or if this leader is reached elsewhere than the log says.
/// </summary>
/// <param name="Controls">The control records, in their order.</param>
/// <param name="Voters">The set that counts from this batch on; null where the batch names none.</param>
public sealed record OpeningRecords(ImmutableArray<IMessage> Controls, VoterSet? Voters)
{
    /// <summary>The batch of a leader that is reached at <paramref name="endpoints"/>, for a log whose voters are <paramref name="voters"/>.</summary>
    public static OpeningRecords Of(EpochOpening epoch, ReplicaKey leader, ImmutableArray<Endpoint> endpoints, VoterSet voters, short kraftVersion,
        bool isLogEmpty)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(voters);
        var change = new LeaderChangeMessage
        {
            LeaderId = leader.Id,
            Voters = [.. voters.Voters.Select(static voter => new LeaderChangeMessage.Voter { VoterId = voter.Key.Id })],
            GrantingVoters = [.. epoch.GrantingVoters.Select(static voter => new LeaderChangeMessage.Voter { VoterId = voter.Id })],
        };
        var present = kraftVersion > 0 ? voters.Moved(leader, endpoints) : voters;
        var namesVoters = kraftVersion > 0 && (isLogEmpty || !ReferenceEquals(present, voters));
        return namesVoters
            ? new OpeningRecords([change, new KRaftVersionRecord { KRaftVersion = kraftVersion }, present.ToRecord()], present)
            : new OpeningRecords([change], null);
    }
}
