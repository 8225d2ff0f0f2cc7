using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Quorum;

/// <summary>What two logs have in common, by their epochs; and who voted where.</summary>
public sealed class QuorumHistoryTests
{
    [Theory]
    [InlineData(0, 0, FetchPlace.Valid)]
    [InlineData(10, 2, FetchPlace.Valid)]
    [InlineData(11, 2, FetchPlace.Diverging, 2, 10)]
    [InlineData(10, 3, FetchPlace.Diverging, 2, 10)]
    [InlineData(15, 4, FetchPlace.Valid)]
    [InlineData(20, 4, FetchPlace.Valid)]
    [InlineData(21, 4, FetchPlace.Diverging, 4, 20)]
    [InlineData(20, 5, FetchPlace.Diverging, 4, 20)]
    [InlineData(7, 0, FetchPlace.Diverging, 0, 0)]
    public void Places_are_judged_by_offset_and_epoch(long offset, int epoch, FetchPlace place, int endEpoch = -1, long end = -1)
    {
        var history = new QuorumHistory(SnapshotId.Bootstrap, [new EpochStart(2, 0), new EpochStart(4, 10)], 20);
        Assert.Equal(place, history.Place(offset, epoch, out var found));
        if (place == FetchPlace.Diverging)
            Assert.Equal(new EpochEnd(endEpoch, end), found);
    }

    [Fact]
    public void What_a_snapshot_holds_is_before_the_start()
    {
        var history = new QuorumHistory(SnapshotId.Bootstrap, [new EpochStart(2, 0), new EpochStart(4, 10)], 20);
        history.StartAt(new SnapshotId(12, 4));
        Assert.Equal((12, 20, 4), (history.Start.EndOffset, history.EndOffset, history.LastEpoch));
        Assert.Equal(FetchPlace.BeforeStart, history.Place(11, 4, out _));
        Assert.Equal(FetchPlace.BeforeStart, history.Place(12, 2, out _));
        Assert.Equal(FetchPlace.BeforeStart, history.Place(0, 0, out _));
        Assert.Equal(FetchPlace.Valid, history.Place(12, 4, out _));
        history.StartOver(new SnapshotId(30, 6));
        Assert.Equal((30, 30, 6), (history.Start.EndOffset, history.EndOffset, history.LastEpoch));
        history.Append(7, 31);
        Assert.Equal(new EpochEnd(6, 30), history.EndOf(6));
        Assert.Equal(new EpochEnd(-1, 30), history.EndOf(5));
    }

    /// <summary>
    /// Every pair of logs of four epochs and six records: where one is cut as the other says, in turns, they become beginnings of one another.
    /// </summary>
    [Fact]
    public void Two_logs_agree_after_cuts_by_epochs_alone()
    {
        var logs = new List<int[]> { Array.Empty<int>() };
        for (var length = 1; length <= 6; length++)
        {
            logs.AddRange(logs.Where(log => log.Length == length - 1).SelectMany(log =>
                Enumerable.Range(1, 4).Where(epoch => log.Length == 0 || epoch >= log[^1]).Select(epoch => log.Append(epoch).ToArray())).ToList());
        }

        foreach (var leader in logs)
        {
            foreach (var follower in logs)
            {
                if (!MayBe(leader, follower))
                    continue;
                var leads = Outline(leader);
                var follows = Outline(follower);
                for (var turns = 0; leads.Place(follows.EndOffset, follows.LastEpoch, out var end) != FetchPlace.Valid; turns++)
                {
                    Assert.InRange(turns, 0, 6);
                    follows.TruncateTo(follows.CommonEnd(end));
                }
                Assert.True(follows.EndOffset <= leader.Length);
                if (follows.EndOffset > 0)
                    Assert.Equal(leader[follows.EndOffset - 1], follower[follows.EndOffset - 1]);
                var common = leader.Zip(follower).TakeWhile(pair => pair.First == pair.Second).Count();
                Assert.True(follows.EndOffset >= common, "No more is cut than has to be.");
            }
        }
    }

    [Fact]
    public void Voters_count_from_their_record_on_and_fall_back_with_a_cut()
    {
        var voters = new VoterHistory(Set(1));
        voters.Append(5, Set(1, 2));
        voters.Append(9, Set(1, 2, 3));
        Assert.Equal([1, 2, 3], Ids(voters.Latest));
        Assert.Equal([1], Ids(voters.Before(5)));
        Assert.Equal([1, 2], Ids(voters.Before(9)));
        Assert.Equal([1, 2, 3], Ids(voters.Before(10)));
        voters.TruncateTo(9);
        Assert.Equal([1, 2], Ids(voters.Latest));
        voters.StartAt(6);
        Assert.Equal([1, 2], Ids(voters.Latest));
        voters.TruncateTo(6);
        Assert.Equal([1, 2], Ids(voters.Latest));
        voters.StartOver(Set(4));
        Assert.Equal([4], Ids(voters.Latest));
    }

    /// <summary>R3: who is no voter takes no memory for ever, and voters without a known directory are one replica.</summary>
    [Fact]
    public void Observers_are_bounded_and_a_voter_is_one_replica_by_any_key()
    {
        var voters = Set(1, 2, 3);
        var progress = Progress.Empty.With(Key(1), 10, 10, voters, 0);
        for (var observer = 100; observer < 100 + (2 * Progress.MaxObservers); observer++)
            progress = progress.With(Key(observer), 10, 10, voters, observer);
        Assert.Equal(Progress.MaxObservers + 1, progress.Replicas.Count);
        progress = progress.With(new ReplicaKey(2, Uuid.Zero), 8, 10, voters, 1).With(Key(2), 9, 10, voters, 2);
        Assert.Equal(9, progress.MajorityEnd(voters));
        Assert.Single(progress.Replicas.Keys, key => key.Id == 2);
        progress = progress.With(Key(99), 10, 10, voters, 10_000_000);
        Assert.Equal(3, progress.Replicas.Count);
    }

    /// <summary>An epoch has one leader, so where two logs have records of one epoch they are the same before it.</summary>
    private static bool MayBe(int[] one, int[] other) =>
        one.Intersect(other)
            .All(epoch => Array.IndexOf(one, epoch) is var start && start == Array.IndexOf(other, epoch) && one.Take(start).SequenceEqual(other.Take(start)));

    private static QuorumHistory Outline(int[] epochs) =>
        new(SnapshotId.Bootstrap, epochs.Select((epoch, offset) => new EpochStart(epoch, offset)).DistinctBy(start => start.Epoch), epochs.Length);

    private static IEnumerable<int> Ids(VoterSet voters) => voters.Voters.Select(voter => voter.Key.Id);

    private static VoterSet Set(params int[] ids) => new([.. ids.Select(id => new Voter(Key(id), []))]);

    private static ReplicaKey Key(int id) => new(id, new Uuid(0, 1000 + id));
}
