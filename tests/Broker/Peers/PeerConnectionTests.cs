using System.Net;
using KafkaCompat.Broker.Peers;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Broker.Tests.Peers;

/// <summary>A node's way to another one: what it says first, how it waits, and what it makes of a peer that answers badly or not at all.</summary>
public sealed class PeerConnectionTests : IAsyncDisposable
{
    private static readonly (ApiKey, short, short)[] Served = [(ApiKey.DescribeCluster, 0, 2), (ApiKey.Metadata, 0, 13)];

    private readonly ManualTime _time = new();
    private readonly ScriptedPeer _peer = new();
    private readonly PeerConnection _connection;

    public PeerConnectionTests() => _connection = Connection(7, _peer, "the cluster", _time);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Fact]
    public async Task The_first_request_of_a_connection_asks_what_is_served_and_names_whom_it_means()
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Accept();
        var first = await end.Read();
        Assert.Equal((ApiKey.ApiVersions, (short)5), (first.Key, first.Version));
        var reader = new WireReader(first.Frame);
        Assert.Equal("node-1", RequestHeader.Read(ref reader, 2).ClientId);
        var request = ApiVersionsRequest.Read(ref reader, 5);
        Assert.Equal(("kafkacompat", "the cluster", 7), (request.ClientSoftwareName, request.ClusterId, request.NodeId));
        await end.Answer(first, Versions((ApiKey.DescribeCluster, 0, 1), (ApiKey.ApiVersions, 0, 5)));
        var second = await end.Read();
        // The newest that both know.
        Assert.Equal((ApiKey.DescribeCluster, (short)1), (second.Key, second.Version));
        await end.Answer(second, new DescribeClusterResponse { ClusterId = "the cluster", ControllerId = 3 });
        Assert.Equal(3, (await asked).ControllerId);
    }

    /// <summary>An older peer answers in version 0, and says what it knows.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(0)]
    public async Task A_peer_that_does_not_know_the_version_is_asked_in_one_that_it_knows(short known)
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Accept();
        var refused = Versions((ApiKey.ApiVersions, 0, known));
        refused.ErrorCode = ErrorCode.UnsupportedVersion;
        await end.Answer(await end.Read(), refused, version: 0);
        var again = await end.Read();
        Assert.Equal((ApiKey.ApiVersions, known), (again.Key, again.Version));
        await end.Answer(again, Versions((ApiKey.DescribeCluster, 0, 0)));
        var third = await end.Read();
        Assert.Equal((ApiKey.DescribeCluster, (short)0), (third.Key, third.Version));
        await end.Answer(third, new DescribeClusterResponse());
        _ = await asked;
    }

    [Fact]
    public async Task A_peer_that_refuses_to_be_this_one_is_unreachable()
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Accept();
        await end.Answer(await end.Read(), new ApiVersionsResponse { ErrorCode = ErrorCode.RebootstrapRequired });
        var fault = await Assert.ThrowsAsync<PeerException>(() => asked);
        Assert.Equal((PeerFault.Unreachable, false), (fault.Fault, fault.MayHaveArrived));
        Assert.Contains("RebootstrapRequired", fault.Message, StringComparison.Ordinal);
        Assert.Null(await end.TryRead());
    }

    [Fact]
    public async Task Requests_overlap_and_each_has_its_own_answer()
    {
        var asked = Enumerable.Range(0, 200).Select(_ => _connection.Ask(new DescribeClusterRequest())).ToList();
        var end = await _peer.Greet(Served);
        for (var i = 0; i < asked.Count; i++) await end.Answer(await end.Read(), new DescribeClusterResponse { ControllerId = i });
        Assert.Equal(Enumerable.Range(0, asked.Count), (await Task.WhenAll(asked)).Select(static answer => answer.ControllerId));
        Assert.Equal(1, _peer.Tried);
    }

    [Fact]
    public async Task What_the_peer_does_not_serve_is_not_asked()
    {
        var asked = _connection.Ask(new DescribeQuorumRequest());
        _ = await _peer.Greet(Served);
        var fault = await Assert.ThrowsAsync<PeerException>(() => asked);
        Assert.Equal((PeerFault.UnsupportedVersion, false), (fault.Fault, fault.MayHaveArrived));
        // The connection is as good as before, also after a request that its version cannot hold.
        _ = await Assert.ThrowsAsync<UnsupportedVersionException>(() => _connection.Ask(new DescribeClusterRequest { EndpointType = 2 }, maxVersion: 0));
        Assert.Equal(1, _peer.Tried);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_in_time_is_left_and_tried_again_after_a_pause()
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Greet(Served);
        _ = await end.Read();
        _time.Advance(TimeSpan.FromMilliseconds(2_999));
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var fault = await Assert.ThrowsAsync<PeerException>(() => asked);
        Assert.Equal((PeerFault.TimedOut, true), (fault.Fault, fault.MayHaveArrived));
        Assert.Null(await end.TryRead());
        await Answers();
        Assert.Equal(2, _peer.Tried);
    }

    [Fact]
    public async Task Pauses_grow_with_each_failure_up_to_a_bound_and_chance_moves_them()
    {
        _peer.IsDown = true;
        var pauses = new List<double>();
        for (var i = 0; i < 12; i++)
        {
            var tried = _peer.Tried;
            var asked = _connection.Ask(new DescribeClusterRequest());
            // Its deadline, and the pause before the next attempt.
            while (_peer.Tried == tried && _time.Pending < 2) await Task.Yield();
            double passed = 0;
            for (var fired = _time.Fired; _time.Fired == fired && _peer.Tried == tried; passed++) _time.Advance(TimeSpan.FromMilliseconds(1));
            pauses.Add(passed);
            Assert.Equal(PeerFault.Unreachable, (await Assert.ThrowsAsync<PeerException>(() => asked)).Fault);
        }
        Assert.InRange(pauses[1], 40, 62);
        Assert.InRange(pauses[2], 80, 122);
        Assert.All(pauses[7..], static pause => Assert.InRange(pause, 800, 1_202));
        _peer.IsDown = false;
        await Answers();
    }

    [Fact]
    public async Task A_connection_that_is_lost_fails_what_waits_and_the_next_request_connects_again()
    {
        var first = _connection.Ask(new DescribeClusterRequest());
        var second = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Greet(Served);
        _ = await end.Read();
        _ = await end.Read();
        end.Close();
        foreach (var asked in new[] { first, second })
        {
            var fault = await Assert.ThrowsAsync<PeerException>(() => asked);
            Assert.Equal((PeerFault.Lost, true), (fault.Fault, fault.MayHaveArrived));
        }
        await Answers();
    }

    /// <summary>Whatever is no answer to what was asked ends the connection, costs no memory, and is said of the peer.</summary>
    [Theory]
    [InlineData("00000003000000")]
    [InlineData("7fffffff00000002")]
    [InlineData("80000000")]
    [InlineData("0000000400000063")]
    [InlineData("00000004ffffffff")]
    [InlineData("0000000400000002")]
    [InlineData("00000009000000020000000000")]
    [InlineData("0000000e0000000200ffffffff0fffffffff")]
    public async Task What_is_no_answer_ends_the_connection(string bytes)
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Greet(Served);
        _ = await end.Read();
        await end.SendRaw(Convert.FromHexString(bytes));
        var fault = await Assert.ThrowsAsync<PeerException>(() => asked);
        Assert.Equal((PeerFault.Malformed, true), (fault.Fault, fault.MayHaveArrived));
        Assert.Contains("node 7 at there:9093", fault.Message, StringComparison.Ordinal);
        Assert.Null(await end.TryRead());
        await Answers();
    }

    [Fact]
    public async Task Closing_answers_whoever_waits_and_whoever_comes()
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        var end = await _peer.Greet(Served);
        _ = await end.Read();
        await _connection.DisposeAsync();
        Assert.Equal(PeerFault.Lost, (await Assert.ThrowsAsync<PeerException>(() => asked)).Fault);
        Assert.Equal(PeerFault.Lost, (await Assert.ThrowsAsync<PeerException>(() => _connection.Ask(new DescribeClusterRequest()))).Fault);
        Assert.Null(await end.TryRead());
    }

    [Fact]
    public async Task Closing_ends_a_connection_that_comes_about()
    {
        _peer.IsDown = true;
        _ = await Assert.ThrowsAsync<PeerException>(() => _connection.Ask(new DescribeClusterRequest()));
        var pausing = _connection.Ask(new DescribeClusterRequest());
        await _connection.DisposeAsync();
        Assert.Equal(PeerFault.Lost, (await Assert.ThrowsAsync<PeerException>(() => pausing)).Fault);
    }

    /// <summary>A node of ours as the peer, on both of its listeners, with the real frames between them.</summary>
    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task A_node_answers_another_one(string listener)
    {
        await using var node = TestNode.Start();
        var here = new NodeInMemory(node, listener);
        await using var connection = Connection(1, here, TestNode.ClusterId, TimeProvider.System);
        var cluster = await connection.Ask(new DescribeClusterRequest { EndpointType = (sbyte)(listener == "CONTROLLER" ? 2 : 1) });
        Assert.Equal(ErrorCode.None, cluster.ErrorCode);
        Assert.Equal(1, Assert.Single(cluster.Brokers).BrokerId);
        var metadataLog = new DescribeQuorumRequest { Topics = { new() { TopicName = "__cluster_metadata", Partitions = { new() { PartitionIndex = 0 } } } } };
        var quorum = await connection.Ask(metadataLog);
        Assert.Equal(ErrorCode.None, quorum.Topics[0].Partitions[0].ErrorCode);
        // Somebody else answers at that address.
        await using var mistaken = Connection(2, here, TestNode.ClusterId, TimeProvider.System);
        var fault = await Assert.ThrowsAsync<PeerException>(() => mistaken.Ask(new DescribeClusterRequest()));
        Assert.Contains("refuses the connection", fault.Message, StringComparison.Ordinal);
    }

    private static PeerConnection Connection(int nodeId, IConnectionFactory to, string clusterId, TimeProvider time) => new(
        new PeerAddress(nodeId, new DnsEndPoint("there", 9093)),
        to,
        new PeerSettings { ClientId = "node-1", ClusterId = clusterId, RequestTimeoutMs = time is ManualTime ? 3_000 : 600_000 },
        time,
        new Random(5));

    /// <summary>The peer is well again, and the connection finds that out by itself.</summary>
    private async Task Answers()
    {
        var asked = _connection.Ask(new DescribeClusterRequest());
        while (_time.Pending < 2) await Task.Yield();
        _time.Advance(TimeSpan.FromMilliseconds(1_300));
        var end = await _peer.Greet(Served);
        await end.Answer(await end.Read(), new DescribeClusterResponse { ControllerId = 9 });
        Assert.Equal(9, (await asked).ControllerId);
    }

    private static ApiVersionsResponse Versions(params (ApiKey Key, short Min, short Max)[] served)
    {
        var answer = new ApiVersionsResponse();
        foreach (var (key, min, max) in served) answer.ApiKeys.Add(new() { ApiKey = (short)key, MinVersion = min, MaxVersion = max });
        return answer;
    }
}
