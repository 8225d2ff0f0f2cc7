using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol.Invariants;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>What no request and no record can make of a group is noticed before retention, deletion or a rebalance goes by it.</summary>
public sealed class GroupInvariantTests
{
    private readonly GroupShard _shard = new(new GroupSettings());
    private readonly ClassicGroup _group = new("g", 0);

    [Theory]
    [InlineData(ClassicGroupState.Empty)]
    [InlineData(ClassicGroupState.CompletingRebalance)]
    [InlineData(ClassicGroupState.Stable)]
    public void An_empty_group_only_begins_to_rebalance(ClassicGroupState state)
    {
        _ = Assert.Throws<InvariantException>(() => _group.MoveTo(state, default));
        _group.MoveTo(ClassicGroupState.PreparingRebalance, default);
        _ = Assert.Throws<InvariantException>(() => _group.MoveTo(ClassicGroupState.PreparingRebalance, default));
    }

    [Fact]
    public void Members_are_not_those_of_an_empty_group_nor_absent_from_a_stable_one()
    {
        _shard.Install(_group);
        var draft = _group.Copy();
        draft.Add(Member("m"));
        _ = Assert.Throws<InvariantException>(() => _shard.Install(draft));
        draft.MoveTo(ClassicGroupState.PreparingRebalance, default);
        draft.MoveTo(ClassicGroupState.CompletingRebalance, default);
        _shard.Install(draft);
        var left = draft.Copy();
        left.Remove(left.Find("m")!);
        _ = Assert.Throws<InvariantException>(() => _shard.Install(left));
    }

    [Fact]
    public void A_decision_changes_a_copy()
    {
        _shard.Install(_group);
        _ = Assert.Throws<InvariantException>(() => _shard.Install(_group));
        _shard.Install(_group.Copy());
    }

    private static ClassicMember Member(string id) => new()
    {
        MemberId = id,
        ClientId = "c",
        ClientHost = "/127.0.0.1",
        RebalanceTimeoutMs = 60_000,
        SessionTimeoutMs = 45_000,
        Protocols = [],
    };
}
