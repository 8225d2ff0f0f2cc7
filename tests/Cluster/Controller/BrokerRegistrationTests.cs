using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>An incarnation of a broker begins: who may, and with which epoch.</summary>
public sealed class BrokerRegistrationTests
{
    private readonly TestController _node = TestController.New();

    [Fact]
    public void A_broker_begins_fenced_and_its_epoch_is_the_offset_of_its_record()
    {
        var offset = _node.State.NextOffset;
        var request = Of(2);
        request.Rack = "r";
        request.Listeners[0].SecurityProtocol = 1;
        var decision = _node.State.Decide(request, _node.Now);
        Assert.Equal((ErrorCode.None, offset), (decision.Reply.ErrorCode, decision.Reply.BrokerEpoch));
        _node.Apply(decision);
        var broker = _node.State.Image.Brokers[2];
        Assert.Equal((true, offset, "r", request.IncarnationId), (broker.IsFenced, broker.Epoch, broker.Rack, broker.IncarnationId));
        var endpoint = Assert.Single(broker.Endpoints);
        Assert.Equal(("PLAINTEXT", "localhost", 9092, 1), (endpoint.Name, endpoint.Host, endpoint.Port, endpoint.SecurityProtocol));
        Assert.Equal(request.LogDirs, broker.LogDirs);
    }

    [Fact]
    public void The_same_incarnation_keeps_its_epoch_and_stays_as_it_was()
    {
        var request = Of(2);
        var first = _node.State.Decide(request, _node.Now);
        _node.Apply(first);
        _node.Heartbeat(broker: 2);
        request.Rack = "moved";
        var again = _node.State.Decide(request, _node.Now);
        Assert.Equal((ErrorCode.None, first.Reply.BrokerEpoch), (again.Reply.ErrorCode, again.Reply.BrokerEpoch));
        _node.Apply(again);
        Assert.Equal((false, "moved"), (_node.State.Image.Brokers[2].IsFenced, _node.State.Image.Brokers[2].Rack));
    }

    [Fact]
    public void Another_incarnation_waits_until_the_session_of_the_one_before_is_over()
    {
        _node.Join(2);
        Assert.Equal(ErrorCode.DuplicateBrokerRegistration, Register(Of(2)));
        _node.NowMs += 9_001;
        Assert.Equal(ErrorCode.None, Register(Of(2)));
        // This node's own broker has been silent as long.
        _node.Apply(_node.State.FenceDeadBroker(1));
        Assert.Equal(ErrorCode.None, Register(Of(1)));
    }

    [Fact]
    public void A_broker_of_another_cluster_is_refused()
    {
        var request = Of(2);
        request.ClusterId = "other";
        Assert.Equal(ErrorCode.InconsistentClusterId, Register(request));
    }

    [Theory]
    [InlineData(1, 32)]
    [InlineData(34, 40)]
    [InlineData(null, null)]
    public void A_broker_that_cannot_read_the_metadata_as_it_is_written_is_refused(int? min, int? max)
    {
        var request = Of(2);
        request.Features.RemoveAll(static feature => feature.Name == "metadata.version");
        if (min is { } least)
            request.Features.Add(new() { Name = "metadata.version", MinSupportedVersion = (short)least, MaxSupportedVersion = (short)max!.Value });
        Assert.Equal(ErrorCode.UnsupportedVersion, Register(request));
    }

    [Fact]
    public void A_broker_without_a_directory_is_refused()
    {
        var request = Of(2);
        request.LogDirs = [];
        Assert.Equal(ErrorCode.InvalidRegistration, Register(request));
    }

    private ErrorCode Register(BrokerRegistrationRequest request)
    {
        var decision = _node.State.Decide(request, _node.Now);
        Assert.Equal(decision.Reply.ErrorCode == ErrorCode.None, decision.Records.Count > 0);
        return decision.Reply.ErrorCode;
    }

    private BrokerRegistrationRequest Of(int broker) => _node.Registration([new Uuid(0x1234, broker)], -1, broker);
}
