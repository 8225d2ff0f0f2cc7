using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Quorum;

public sealed class RaftNodeTests
{
    [Fact]
    public void A_lone_voter_is_elected_at_once_and_commits_what_it_has_synced()
    {
        var node = Node(1, 1);
        node.Tick(At(0));
        var ready = node.TakeReady();
        Assert.Equal(new ElectionState(1, 1, ReplicaKey.None), ready.Persist);
        Assert.Equal(1, ready.NewEpoch!.Epoch);
        Assert.Equal([Key(1)], ready.NewEpoch.GrantingVoters);
        Assert.Equal(-1, ready.HighWatermark);
        node.Step(new LogSynced(3, 1), At(0));
        Assert.Equal(3, node.TakeReady().HighWatermark);
        Assert.Null(node.TakeReady().Persist);
    }

    [Fact]
    public void An_epoch_is_never_led_twice()
    {
        var node = new RaftNode(new RaftSettings(Key(1)), new ElectionState(7, 1, ReplicaKey.None), Voters(1), 20, 7, new Random(1), At(0));
        node.Tick(At(0));
        Assert.Equal(8, node.TakeReady().NewEpoch!.Epoch);
        Assert.Equal(1, node.LeaderId);
    }

    [Fact]
    public void A_lost_quorum_state_leaves_the_epoch_of_the_log()
    {
        var node = new RaftNode(new RaftSettings(Key(1)), null, Voters(1), 20, 5, new Random(1), At(0));
        node.Tick(At(0));
        Assert.Equal(6, node.TakeReady().NewEpoch!.Epoch);
    }

    [Fact]
    public void Of_three_a_majority_elects_and_commits()
    {
        var nodes = Enumerable.Range(1, 3).ToDictionary(i => i, i => Node(i, 1, 2, 3));
        nodes[1].Tick(At(10_000));
        Pass(nodes, 10_000);
        Assert.IsType<Leader>(nodes[1].Role);
        Assert.All([nodes[2], nodes[3]], n => Assert.Equal(1, Assert.IsType<Follower>(n.Role).LeaderId));

        nodes[1].Step(new LogSynced(4, 1), At(10_001));
        Assert.Equal(-1, nodes[1].HighWatermark);
        nodes[1].Step(new FetchRequested(Key(2), 1, 4, 1), At(10_002));
        Assert.Equal(4, nodes[1].HighWatermark);
        nodes[1].Step(new FetchRequested(Key(9), 1, 100, 1), At(10_003));
        Assert.Equal(4, nodes[1].HighWatermark);
    }

    [Fact]
    public void A_voter_votes_once_an_epoch_and_only_for_a_log_as_long_as_its_own()
    {
        var voter = new RaftNode(new RaftSettings(Key(3)), new ElectionState(2, -1, ReplicaKey.None), Voters(1, 2, 3), 10, 2, new Random(1), At(0));
        Assert.False(Answer(voter, new VoteRequested(Key(1), 3, 9, 2)).IsGranted);
        Assert.True(Answer(voter, new VoteRequested(Key(2), 3, 10, 2)).IsGranted);
        Assert.False(Answer(voter, new VoteRequested(Key(1), 3, 50, 2)).IsGranted);
        Assert.True(Answer(voter, new VoteRequested(Key(2), 3, 10, 2)).IsGranted);
        Assert.False(Answer(voter, new VoteRequested(Key(1), 2, 50, 2)).IsGranted);
    }

    [Fact]
    public void A_vote_is_persisted_with_its_answer()
    {
        var voter = Node(3, 1, 2, 3);
        voter.Step(new VoteRequested(Key(2), 1, 0, 0), At(0));
        var ready = voter.TakeReady();
        Assert.Equal(new ElectionState(1, -1, Key(2)), ready.Persist);
        Assert.True(Assert.IsType<VoteAnswered>(Assert.Single(ready.Messages).Message).IsGranted);
    }

    [Fact]
    public void A_leader_that_hears_of_a_higher_epoch_steps_down()
    {
        var node = Node(1, 1);
        node.Tick(At(0));
        node.Step(new EpochBegun(2, 5), At(0));
        Assert.Equal((5, 2), (node.Epoch, node.LeaderId));
    }

    [Fact]
    public void Records_of_earlier_epochs_are_committed_only_with_one_of_the_leaders_own()
    {
        var nodes = new RaftNode(new RaftSettings(Key(1)), new ElectionState(4, -1, ReplicaKey.None), Voters(1, 2, 3), 10, 4, new Random(1), At(0));
        nodes.Tick(At(10_000));
        nodes.Step(new VoteAnswered(Key(2), 5, true, -1), At(10_000));
        nodes.Step(new FetchRequested(Key(2), 5, 10, 4), At(10_001));
        Assert.Equal(-1, nodes.HighWatermark);
        nodes.Step(new LogSynced(11, 5), At(10_002));
        nodes.Step(new FetchRequested(Key(2), 5, 11, 5), At(10_003));
        Assert.Equal(11, nodes.HighWatermark);
    }

    [Theory]
    [InlineData("""{"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}""", false)]
    [InlineData("""{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}""", true)]
    public void The_election_state_is_kept_as_Kafka_writes_it(string text, bool isStatic)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        Assert.True(ElectionState.TryDecode(bytes, out var state));
        Assert.Equal(text, System.Text.Encoding.UTF8.GetString(state.Encode(isStatic ? Voters(1) : null)));
        for (int i = 0; i < bytes.Length; i++)
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

    private static Now At(long tickMs) => new(1_800_000_000_000 + tickMs, tickMs);

    private static VoteAnswered Answer(RaftNode voter, VoteRequested request)
    {
        voter.Step(request, At(0));
        return Assert.IsType<VoteAnswered>(Assert.Single(voter.TakeReady().Messages).Message);
    }

    private static void Pass(Dictionary<int, RaftNode> nodes, long nowMs)
    {
        bool isBusy = true;
        while (isBusy)
        {
            var messages = nodes.Values.SelectMany(n => n.TakeReady().Messages).ToList();
            isBusy = messages.Count > 0;
            messages.ForEach(m => nodes[m.To.Id].Step(m.Message, At(nowMs)));
        }
    }

    private static RaftNode Node(int id, params int[] voters) => new(new RaftSettings(Key(id)), null, Voters(voters), 0, 0, new Random(id), At(0));

    private static VoterSet Voters(params int[] ids) => new([.. ids.Select(i => new Voter(Key(i), []))]);

    private static ReplicaKey Key(int id) => new(id, new Uuid(0, 1000 + id));
}
