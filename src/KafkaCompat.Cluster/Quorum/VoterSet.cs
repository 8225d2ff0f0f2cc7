using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>Who votes, in the order of the ids. A majority is more than half of them.</summary>
public sealed record VoterSet(ImmutableArray<Voter> Voters)
{
    public static VoterSet Empty { get; } = new([]);

    public int Majority => (Voters.Length / 2) + 1;

    public bool Contains(ReplicaKey replica) => Find(replica) is not null;

    /// <summary>The voter that a replica is; null where it is none.</summary>
    public Voter? Find(ReplicaKey replica) => Voters.FirstOrDefault(v => v.Key.Matches(replica));

    /// <summary>The set with a voter reached elsewhere; the same one where it is reached there already, or is no voter.</summary>
    public VoterSet Moved(ReplicaKey voter, ImmutableArray<Endpoint> endpoints)
    {
        var known = Find(voter);
        return known is null || endpoints.IsEmpty || known.Endpoints.SequenceEqual(endpoints) ? this
            : new(Voters.Replace(known, known with { Endpoints = endpoints }));
    }

    public bool IsOnly(ReplicaKey replica) => Voters is [var only] && only.Key.Matches(replica);

    public static VoterSet From(VotersRecord record) => new(
    [
        .. record.Voters.OrderBy(v => v.VoterId).Select(v => new Voter(
            new ReplicaKey(v.VoterId, v.VoterDirectoryId),
            [.. v.Endpoints.Select(e => new Endpoint(e.Name, e.Host, e.Port, 0))],
            v.KRaftVersionFeature.MinSupportedVersion,
            v.KRaftVersionFeature.MaxSupportedVersion)),
    ]);

    public VotersRecord ToRecord() => new()
    {
        Voters =
        [
            .. Voters.Select(v => new VotersRecord.Voter
            {
                VoterId = v.Key.Id,
                VoterDirectoryId = v.Key.DirectoryId,
                Endpoints = [.. v.Endpoints.Select(e => new VotersRecord.Endpoint { Name = e.Name, Host = e.Host, Port = (ushort)e.Port })],
                KRaftVersionFeature = new() { MinSupportedVersion = v.MinKRaftVersion, MaxSupportedVersion = v.MaxKRaftVersion },
            }),
        ],
    };
}
