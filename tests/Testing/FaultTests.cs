using System.Collections.Concurrent;
using Confluent.Kafka;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using ErrorCode = KafkaCompat.Protocol.ErrorCode;

namespace KafkaCompat.Testing.Tests;

/// <summary>Faults as clients meet them.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task An_error_strikes_as_often_as_it_may_and_nothing_takes_effect()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["orders"] });
        var fault = broker.Faults.On(ApiKey.Produce).Fail(ErrorCode.NotEnoughReplicas, times: 2);
        using var producer = broker.Producer();
        var delivered = await producer.Send("orders", "first");
        Assert.Equal((0, 2, true), (delivered.Offset.Value, fault.Hits, fault.IsOver));
        Assert.Empty(broker.Faults.Active);
        Assert.Equal(1, broker.EndOffset("orders"));
    }

    [Fact]
    public async Task An_error_that_ends_a_send_reaches_who_sent()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["orders"] });
        using var fault = broker.Faults.On(ApiKey.Produce).Fail(ErrorCode.PolicyViolation);
        using var producer = broker.Producer();
        var refused = await Assert.ThrowsAsync<ProduceException<Null, string>>(() => producer.Send("orders", "first"));
        Assert.Equal(Confluent.Kafka.ErrorCode.PolicyViolation, refused.Error.Code);
        fault.Dispose();
        Assert.Equal(0, (await producer.Send("orders", "second")).Offset.Value);
    }

    [Fact]
    public async Task A_condition_and_a_start_narrow_a_fault()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["good", "bad"] });
        var fault = broker.Faults.On(ApiKey.ListOffsets).When(static request => request.Message is ListOffsetsRequest { Topics: [{ Name: "bad" }, ..] })
            .After(1)
            .Fail(ErrorCode.LeaderNotAvailable);
        using var client = await WireClient.Connect(broker);
        Assert.Equal(ErrorCode.None, await Ask("bad"));
        Assert.Equal(ErrorCode.LeaderNotAvailable, await Ask("bad"));
        Assert.Equal(ErrorCode.None, await Ask("good"));
        Assert.Equal(ErrorCode.LeaderNotAvailable, await Ask("bad"));
        Assert.Equal(2, fault.Hits);

        async Task<ErrorCode> Ask(string topic)
        {
            var request = new ListOffsetsRequest { ReplicaId = -1, Topics = { new() { Name = topic, Partitions = { new() { Timestamp = -1 } } } } };
            return (await client.Ask<ListOffsetsRequest, ListOffsetsResponse>(request, 9))!.Topics[0].Partitions[0].ErrorCode;
        }
    }

    /// <summary>Its client sees only a closed connection, so the log has to say whose mistake it is.</summary>
    [Fact]
    public async Task A_condition_that_throws_is_named_in_the_log()
    {
        var lines = new ConcurrentQueue<string>();
        await using var broker = await KafkaCompatBroker.StartAsync(new() { LogTo = lines.Enqueue });
        _ = broker.Faults.On(ApiKey.ListGroups).When(static _ => throw new FormatException("no such thing")).Watch();
        using var client = await WireClient.Connect(broker);
        _ = await client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5);
        Assert.Contains(lines, static line =>
            line.Contains("The condition that a test gave to When for ListGroups threw FormatException: no such thing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dropped_connection_loses_the_request_and_a_dropped_answer_only_the_answer()
    {
        await using var broker = await KafkaCompatBroker.StartAsync();
        broker.Faults.On(ApiKey.CreateTopics).DropConnection(times: 1);
        Assert.Null(await Create("lost"));
        Assert.Empty(broker.Topics);
        broker.Faults.On(ApiKey.CreateTopics).DropAnswer(times: 1);
        Assert.Null(await Create("made"));
        Assert.Equal(["made"], broker.Topics);
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await Create("made"))!.Topics[0].ErrorCode);

        async Task<CreateTopicsResponse?> Create(string topic)
        {
            using var client = await WireClient.Connect(broker);
            return await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
                new() { Topics = { new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 } } }, 7);
        }
    }

    [Fact]
    public async Task A_delay_goes_by_the_brokers_clock_and_the_request_has_taken_effect()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var broker = await KafkaCompatBroker.StartAsync(new() { TimeProvider = clock });
        var fault = broker.Faults.On(ApiKey.CreateTopics).Delay(TimeSpan.FromMinutes(1), times: 1);
        using var client = await WireClient.Connect(broker);
        var answer =
            client.Ask<CreateTopicsRequest, CreateTopicsResponse>(new() { Topics = { new() { Name = "slow", NumPartitions = 1, ReplicationFactor = 1 } } }, 7);
        await fault.WhenHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        await Clients.Until(() => broker.Topics is ["slow"], "the topic is there");
        // The other clients of the broker wait for nothing.
        using (var other = await WireClient.Connect(broker)) Assert.NotNull(await other.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0));
        Assert.False(answer.IsCompleted);
        await Clients.Until(() => Advanced(clock, answer), "the answer comes with its time");
        Assert.Equal(ErrorCode.None, (await answer)!.Topics[0].ErrorCode);
    }

    /// <summary>The clock stands still and the answer waits for it: a stop does not.</summary>
    [Fact]
    public async Task A_stop_waits_for_no_delay()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var broker = await KafkaCompatBroker.StartAsync(new() { TimeProvider = clock });
        using var client = await WireClient.Connect(broker);
        var fault = broker.Faults.On(ApiKey.ApiVersions).Delay(TimeSpan.FromDays(1));
        var answer = client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
        await fault.WhenHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        await broker.DisposeAsync();
        _ = await answer;
    }

    [Fact]
    public async Task A_produce_request_without_acknowledgement_that_fails_closes_its_connection()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["orders"] });
        using var fault = broker.Faults.On(ApiKey.Produce).Fail(ErrorCode.NotLeaderOrFollower);
        using var client = await WireClient.Connect(broker);
        Assert.Null(
            await client.Ask<ProduceRequest, ProduceResponse>(new() { Acks = 0, TopicData = { new() { Name = "orders", PartitionData = { new() } } } }, 9));
        Assert.Equal(1, fault.Hits);
    }

    // Each look turns the clock: the delay may begin by it a moment after the request has taken effect.
    private static bool Advanced(FakeTimeProvider clock, Task answer)
    {
        clock.Advance(TimeSpan.FromMinutes(1));
        return answer.IsCompleted;
    }
}
