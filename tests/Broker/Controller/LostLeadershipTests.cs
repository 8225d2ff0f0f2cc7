using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Broker.Tests.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>
/// A quorum that loses its leader has none for as long as an election lasts. Whoever asks the controller meanwhile hears that there is none, and the broker
/// keeps itself alive with the next one. A vote for a replica that this node does not know ends its epoch here; time stands still until the test moves it.
/// </summary>
public sealed class LostLeadershipTests
{
    private const int HeartbeatMs = 20;

    private readonly ManualTime _time = new();
    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public async Task Who_asks_while_nobody_leads_hears_that_at_once_and_the_next_epoch_answers()
    {
        await using var host = await QuorumHost.Start("/data", _files, _time);
        await Lose(host);
        // What leads to no record needs the quorum for nothing, and is another's to answer all the same.
        var heartbeat = new BrokerHeartbeatRequest
        {
            BrokerId = 1,
            BrokerEpoch = host.Broker.Epoch,
            CurrentMetadataOffset = host.Node.Metadata.AppliedOffset,
        };
        _ = await Assert.ThrowsAsync<NotControllerException>(() => host.Ask(heartbeat));
        _ = await Assert.ThrowsAsync<NotControllerException>(() => host.Ask(Topic("a")));
        _ = await Assert.ThrowsAsync<NotControllerException>(() => host.Ask(Topic("a")));
        Assert.Equal(ErrorCode.None, (await Created(host, "a")).Topics[0].ErrorCode);
        Assert.NotNull(host.Node.Metadata.Image.FindTopic("a"));
    }

    [Fact]
    public async Task Heartbeats_go_on_while_nobody_leads_and_keep_the_broker_alive_with_the_next_leader()
    {
        await using var host = await QuorumHost.Start("/data", _files, _time, settings: ("broker.heartbeat.interval.ms", $"{HeartbeatMs}"));
        var heartbeats = 0;
        host.Broker.FailedDirectories = () =>
        {
            _ = Interlocked.Increment(ref heartbeats);
            return [];
        };
        await Lose(host);
        await Beat(3);
        Assert.Equal(ErrorCode.None, (await Created(host, "a")).Topics[0].ErrorCode);
        // Longer than a session lasts.
        for (var at = _time.GetUtcNow(); _time.GetUtcNow() - at < TimeSpan.FromSeconds(20);)
        {
            await Beat(1);
            _time.Advance(TimeSpan.FromMilliseconds(1_000));
        }
        Assert.Equal(ErrorCode.None, (await Created(host, "b")).Topics[0].ErrorCode);
        Assert.False(host.Node.Metadata.Image.Brokers[1].IsFenced);

        Task Beat(int times)
        {
            var until = Volatile.Read(ref heartbeats) + times;
            return Eventually.Is(() =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(HeartbeatMs));
                return Volatile.Read(ref heartbeats) >= until;
            });
        }
    }

    /// <summary>The loss is told past whoever follows the metadata: they may be behind, so that an epoch's end is heard of before its beginning.</summary>
    [Fact]
    public async Task A_leadership_whose_end_is_reported_before_its_beginning_is_not_claimed()
    {
        await using var host = await QuorumHost.Start("/data", _files, _time);
        var epoch = host.Node.Quorum.Describe().Epoch;
        await Lose(host);
        host.Controller.OnLeading(new LeadershipStart(epoch, 0, true), new MetadataLoader());
        _ = await Assert.ThrowsAsync<NotControllerException>(() => host.Ask(Topic("a")));
        Assert.Equal(ErrorCode.None, (await Created(host, "a")).Topics[0].ErrorCode);
    }

    private static Task Lose(QuorumHost host)
    {
        var epoch = host.Node.Quorum.Describe().Epoch;
        Assert.True(host.Node.Quorum.TryReceive(new VoteRequested(1, new ReplicaKey(9, Uuid.Zero), epoch + 1, 0, 0)));
        return Eventually.Is(() => host.Node.Quorum.Describe().LeaderId < 0);
    }

    /// <summary>Lets time pass until a controller answers.</summary>
    private async Task<CreateTopicsResponse> Created(QuorumHost host, string topic)
    {
        CreateTopicsResponse? answer = null;
        await Eventually.Is(async () =>
        {
            try
            {
                answer = await host.Ask(Topic(topic));
            }
            catch (NotControllerException)
            {
                _time.Advance(TimeSpan.FromMilliseconds(50));
            }
            return answer is not null;
        });
        return answer!;
    }

    private static CreateTopicsRequest Topic(string name) =>
        new() { TimeoutMs = 600_000, Topics = { new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 } } };
}
