using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Tests.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>The controller's loop, the quorum below it and the metadata's listeners above it: nobody waits for who need not be waited for.</summary>
public sealed class ControllerLoopTests : IMetadataListener
{
    private readonly ForgetfulFileStore _files = new(TimeProvider.System);
    private readonly TaskCompletionSource _isHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _fault;

    async ValueTask IMetadataListener.OnMetadata(MetadataStep step)
    {
        if (step.Delta.ChangedTopics.Count == 0) return;
        _isHeld.TrySetResult();
        await _release.Task;
        if (_fault is not null) throw _fault;
    }

    /// <summary>
    /// Opening thousands of partitions takes seconds: meanwhile brokers stay alive, changes are decided and committed, and whoever asked for one waits for it
    /// to be there.
    /// </summary>
    [Fact]
    public async Task While_listeners_are_at_work_heartbeats_are_answered_and_changes_are_committed()
    {
        await using var host = await QuorumHost.Start("/data", _files);
        await host.Node.Metadata.Attach(this);
        var first = host.Ask(Topic("a"));
        await _isHeld.Task;
        var second = host.Ask(Topic("b"));
        var committed = host.Node.Metadata.AppliedOffset;
        for (var i = 0; i < 10; i++)
        {
            var heartbeat = new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = host.Broker.Epoch, CurrentMetadataOffset = committed };
            Assert.Equal(ErrorCode.None, (await host.Ask(heartbeat)).ErrorCode);
        }
        while (host.Node.Quorum.Describe().HighWatermark <= committed + 4) await Task.Yield();
        var exists = host.Ask(Topic("a"));
        Assert.False(first.IsCompleted || second.IsCompleted || exists.IsCompleted);
        Assert.Null(host.Node.Metadata.Image.FindTopic("a"));
        _release.SetResult();
        Assert.Equal(ErrorCode.None, (await first).Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.None, (await second).Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await exists).Topics[0].ErrorCode);
        Assert.NotNull(host.Node.Metadata.Image.FindTopic("b"));
    }

    [Fact]
    public async Task A_listener_with_a_fault_ends_the_node_and_whoever_waits_hears_of_it()
    {
        var host = await QuorumHost.Start("/data", _files);
        await host.Node.Metadata.Attach(this);
        var asked = host.Ask(Topic("a"));
        await _isHeld.Task;
        var behind = host.Ask(Topic("b"));
        _fault = new InvalidOperationException("a fault");
        _release.SetResult();
        Assert.Contains("a fault", (await Assert.ThrowsAsync<Broker.Controller.NotControllerException>(() => asked)).Message, StringComparison.Ordinal);
        Assert.Contains("a fault", (await Assert.ThrowsAsync<Broker.Controller.NotControllerException>(() => behind)).Message, StringComparison.Ordinal);
        Assert.Equal("a fault", (await Assert.ThrowsAsync<InvalidOperationException>(() => host.Completion)).Message);
        await host.Abandon();
    }

    /// <summary>More commands than places wait, and all are answered, in the order in which they were decided.</summary>
    [Fact]
    public async Task Commands_that_come_faster_than_they_are_committed_are_all_answered()
    {
        await using var host = await QuorumHost.Start("/data", _files);
        var all = Enumerable.Range(0, 1_500).Select(i => host.Ask(Topic($"t{i}"))).ToList();
        await Task.WhenAll(all);
        Assert.All(all, static answer => Assert.Equal(ErrorCode.None, answer.Result.Topics[0].ErrorCode));
        Assert.Equal(1_500, host.Node.Metadata.Image.Topics.Count);
    }

    private static CreateTopicsRequest Topic(string name) =>
        new() { TimeoutMs = 600_000, Topics = { new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 } } };
}
