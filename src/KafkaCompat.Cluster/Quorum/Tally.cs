using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>The votes of one election: who granted and who refused. What others than voters say does not count.</summary>
public sealed record Tally(ImmutableSortedSet<ReplicaKey> Granted, ImmutableSortedSet<ReplicaKey> Refused)
{
    /// <summary>An election in which a candidate has voted for itself.</summary>
    public static Tally Of(ReplicaKey candidate) => new([candidate], []);

    /// <summary>With a vote. The last word of a voter counts.</summary>
    public Tally With(ReplicaKey voter, bool isGranted) => isGranted
        ? new(Granted.Add(voter), Refused.Remove(voter))
        : new(Granted.Remove(voter), Refused.Add(voter));

    /// <summary>Whether a majority granted.</summary>
    public bool IsWon(VoterSet voters) => Count(voters, Granted) >= voters.Majority;

    private static int Count(VoterSet voters, ImmutableSortedSet<ReplicaKey> votes) => voters.Voters.Count(voter => votes.Any(voter.Key.Matches));
}
