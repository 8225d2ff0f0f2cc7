using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>meta.properties and quorum-state, as Kafka writes them and mutated: what Kafka takes is taken, what it refuses is refused.</summary>
public sealed class KafkasSmallFilesTests
{
    [Fact]
    public void The_identity_is_read_as_Kafka_reads_it() => SmallFileVerdicts.Compare("meta.properties", static content =>
    {
        var files = new ForgetfulFileStore(TimeProvider.System);
        files.CreateFolder("/d");
        files.WriteAtomically("/d/" + MetaProperties.FileName, content);
        try
        {
            var prepared = PreparedDirectories.Prepare(files, QuorumHost.Config("/d", ("controller.quorum.voters", "1@localhost:19093")),
                TimeProvider.System.GetUtcNow(), new Random(1));
            var directory = prepared.Identified.Count > 0 ? "-" : prepared.Meta.DirectoryId.ToString();
            return $"{SmallFileVerdicts.Text(prepared.Meta.ClusterId)} {prepared.Meta.NodeId} {directory}";
        }
        catch (QuorumStateException)
        {
            return SmallFileVerdicts.Refused;
        }
    });

    [Fact]
    public void The_election_state_is_read_as_Kafka_reads_it() => SmallFileVerdicts.Compare(
        "quorum-state",
        static content => ElectionState.TryDecode(content, out var state)
            ? $"{state.Epoch} {state.LeaderId} {Voted(state.Voted)}"
            : SmallFileVerdicts.Refused,
        // No epoch is negative: Kafka takes it out of the file, and ends when it begins with it.
        static (_, kafkas, ours) => kafkas.StartsWith('-') && ours == SmallFileVerdicts.Refused);

    private static string Voted(ReplicaKey voted) =>
        voted.Id == ElectionState.None ? "-1 -" : $"{voted.Id} {(voted.DirectoryId == Uuid.Zero ? "-" : voted.DirectoryId)}";
}
