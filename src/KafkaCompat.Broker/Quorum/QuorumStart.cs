using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Quorum;

/// <summary>What a quorum starts from, as snapshot and log say it.</summary>
/// <param name="Snapshot">The newest snapshot; null where there is none.</param>
/// <param name="Voters">Who voted from where on: as snapshot and log name them; the configured ones below kraft.version 1.</param>
/// <param name="KRaftVersion">kraft.version: 1 where voters are in the log.</param>
internal sealed record QuorumStart(QuorumSnapshot? Snapshot, VoterHistory Voters, short KRaftVersion)
{
    /// <summary>Reads it. Throws <see cref="QuorumStateException"/> where this node is none of the voters.</summary>
    public static QuorumStart Read(MetadataLog log, QuorumSettings settings)
    {
        var snapshot = log.ReadLatestSnapshot();
        var sets = new List<(long Offset, VoterSet Voters)>();
        var version = snapshot?.KRaftVersion ?? 0;
        for (var offset = log.FirstOffset; offset < log.EndOffset;)
        {
            var batches = log.ReadControls(offset, log.EndOffset);
            if (batches.Count == 0)
            {
                break;
            }

            foreach (var (control, at) in batches.SelectMany(static batch => batch.Controls.Select((control, i) => (control, batch.BaseOffset + i))))
            {
                version = control is KRaftVersionRecord raised ? raised.KRaftVersion : version;
                if (control is VotersRecord set)
                {
                    sets.Add((at, VoterSet.From(set)));
                }
            }

            offset = batches[^1].LastOffset + 1;
        }

        var voters = new VoterHistory(version == 0 ? settings.StaticVoters : snapshot?.Voters ?? settings.StaticVoters);
        if (version > 0)
        {
            sets.ForEach(set => voters.Append(set.Offset, set.Voters));
        }

        return voters.Latest.Contains(settings.Raft.Self) ? new QuorumStart(snapshot, voters, version) : throw NoVoter(settings.Raft.Self, voters.Latest);
    }

    private static QuorumStateException NoVoter(ReplicaKey self, VoterSet voters) => new(
        voters.Voters.IsEmpty
            ? "The metadata log names no voters, and controller.quorum.voters is not set. A cluster that was formatted with controller.quorum.voters needs "
                + "that setting at every start."
            : voters.Voters.FirstOrDefault(voter => voter.Key.Id == self.Id) is { } known
            ? $"The metadata log knows node {known.Key.Id} by the directory id {known.Key.DirectoryId}, and meta.properties of its directory says "
                + $"{self.DirectoryId}. Write directory.id={known.Key.DirectoryId} there if this is the node's metadata log."
            : $"Node {self.Id} with the directory id {self.DirectoryId} is not among the voters of the metadata log: "
                + $"{string.Join(", ", voters.Voters.Select(static voter => $"{voter.Key.Id}-{voter.Key.DirectoryId}"))}.");
}
