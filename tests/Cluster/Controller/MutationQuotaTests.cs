using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>The quota of changes is a part of the controller's machine: what it says follows from the commands and their times alone.</summary>
public sealed class MutationQuotaTests
{
    private static readonly RequestClient Client = new("u", "c");

    /// <summary>One partition a second, eleven at once.</summary>
    private readonly TestController _node = Limited();

    [Fact]
    public void What_is_past_the_quota_is_refused_and_the_reply_says_for_how_long()
    {
        var reply = Create(_node, Client, 7, ("a", 12), ("b", 1));
        Assert.Equal([ErrorCode.None, ErrorCode.ThrottlingQuotaExceeded], reply.Topics.Select(static topic => topic.ErrorCode));
        Assert.Equal(1_000, reply.ThrottleTimeMs);
        _node.NowMs += 999;
        Assert.Equal((ErrorCode.ThrottlingQuotaExceeded, 1), One(Create(_node, Client, 7, ("b", 1))));
        _node.NowMs += 2;
        Assert.Equal((ErrorCode.None, 0), One(Create(_node, Client, 7, ("b", 1))));
    }

    [Fact]
    public void Versions_without_the_error_are_served_and_throttled() => Assert.Equal((ErrorCode.None, 3_000), One(Create(_node, Client, 5, ("a", 14))));

    [Fact]
    public void Others_and_the_node_itself_are_not_bound()
    {
        Assert.Equal((ErrorCode.None, 0), One(Create(_node, new RequestClient("v", "c"), 7, ("a", 100))));
        Assert.Equal((ErrorCode.None, 0), One(Create(_node, null, 7, ("b", 100))));
    }

    /// <summary>The wall clock may be set: nobody waits longer or shorter for it.</summary>
    [Fact]
    public void A_client_comes_to_rest_by_the_monotonic_clock()
    {
        _ = Create(_node, Client, 7, ("a", 12));
        var late = new Now(_node.NowMs + 3_600_000, _node.Now.TickMs);
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, One(Decide(_node, Client, 7, late, ("b", 1))).Error);
    }

    /// <summary>A request that could not be decided costs nobody anything.</summary>
    [Fact]
    public void Only_what_is_decided_is_charged()
    {
        var faulty = new CreateTopicsRequest
        {
            TimeoutMs = 60_000,
            Topics = { Topic("a", 11), new() { Name = "b", NumPartitions = 1, ReplicationFactor = 1, Configs = { null! } } },
        };
        Assert.Throws<NullReferenceException>(() =>
            _node.State.Decide(new ControllerRequest(faulty, 7) { Client = Client, ArrivalMs = _node.Now.TickMs }, default, _node.Now));
        Assert.Equal((ErrorCode.None, 1_000), One(Create(_node, Client, 5, ("b", 12))));
    }

    [Fact]
    public void Commands_that_are_decided_again_have_the_same_replies()
    {
        var (one, other) = (Limited(), Limited());
        for (var i = 0; i < 20; i++)
        {
            (one.NowMs, other.NowMs) = (one.NowMs + (i * 100), other.NowMs + (i * 100));
            Assert.Equal(One(Create(one, Client, 7, ($"t{i}", i))), One(Create(other, Client, 7, ($"t{i}", i))));
        }
    }

    [Fact]
    public void A_client_is_measured_while_its_quota_is_there()
    {
        _ = Create(_node, Client, 7, ("a", 1));
        Assert.Equal(1, _node.State.TrackedQuotas);
        Limit(_node, remove: true);
        _ = Create(_node, Client, 7, ("b", 1));
        Assert.Equal(0, _node.State.TrackedQuotas);
    }

    private static TestController Limited()
    {
        var node = TestController.New();
        Limit(node, remove: false);
        return node;
    }

    private static void Limit(TestController node, bool remove) => node.Apply(node.State.Decide(new AlterClientQuotasRequest
    {
        Entries =
        {
            new() { Entity = { new() { EntityType = "user", EntityName = "u" } },
                Ops = { new() { Key = "controller_mutation_rate", Value = 1, Remove = remove } } },
        },
    }));

    private static (ErrorCode Error, int ThrottleMs) One(CreateTopicsResponse reply) => (Assert.Single(reply.Topics).ErrorCode, reply.ThrottleTimeMs);

    private static CreateTopicsResponse Create(TestController node, RequestClient? client, short version, params (string Name, int Partitions)[] topics) =>
        Decide(node, client, version, node.Now, topics);

    private static CreateTopicsResponse Decide(TestController node, RequestClient? client, short version, Now now,
        params (string Name, int Partitions)[] topics)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 60_000, Topics = [.. topics.Select(static topic => Topic(topic.Name, topic.Partitions))] };
        var decision =
            node.State.Decide(new ControllerRequest(request, version) { Client = client, ArrivalMs = now.TickMs }, new Ticket(node.State.NextOffset), now);
        node.Apply(decision);
        return (CreateTopicsResponse)decision.Reply;
    }

    private static CreateTopicsRequest.CreatableTopic Topic(string name, int partitions) =>
        new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 };
}
