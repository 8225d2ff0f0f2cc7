using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Quorum;

/// <summary>What a replica of the metadata log keeps in files beside it.</summary>
public sealed class QuorumFilesTests
{
    [Theory]
    [InlineData("""{"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}""", false)]
    [InlineData("""{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}""", true)]
    public void The_election_state_is_kept_as_Kafka_writes_it(string text, bool isStatic)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        Assert.True(ElectionState.TryDecode(bytes, out var state));
        Assert.Equal(text, System.Text.Encoding.UTF8.GetString(state.Encode(isStatic ? Voters(1) : null)));
        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.False(ElectionState.TryDecode(bytes.AsMemory(0, i), out _));
        }
    }

    [Fact]
    public void Snapshot_names_are_read_back()
    {
        var id = new SnapshotId(1298, 3);
        Assert.Equal("00000000000000001298-0000000003.checkpoint", id.FileName);
        Assert.True(SnapshotId.TryParse(id.FileName, out var read));
        Assert.Equal(id, read);
        Assert.False(SnapshotId.TryParse(id.FileName + ".deleted", out _));
        Assert.False(SnapshotId.TryParse("00000000000000001298.log", out _));
    }

    private static VoterSet Voters(params int[] ids) => new([.. ids.Select(i => new Voter(new ReplicaKey(i, new Uuid(0, 1000 + i)), []))]);
}
