using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quotas;

/// <summary>
/// Clients under quotas, over connections, with a clock that the test moves. The windows are Kafka's: eleven of a second, of which ten count for a client that
/// was quiet; so x bytes a second allow ten times x at once, and each byte more costs 1/x of a second.
/// </summary>
public sealed class ThrottlingTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestNode _node = null!;
    private MemoryClient _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _node = TestNode.Start(time: _time);
        _admin = _node.Connect();
        _ = await _node.CreateTopic("t");
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_producer_past_its_quota_is_answered_at_once_and_not_read_for_the_time_that_the_answer_names()
    {
        await Set("user", "ANONYMOUS", "producer_byte_rate", 1_000);
        var client = _node.Connect();
        var request = Records.Produce("t", Records.Batch(1, 11_000));
        var size = MemoryClient.Frame(request, 12, 1).Length - 4;
        var throttleMs = (await client.Ask<ProduceRequest, ProduceResponse>(request, 12)).ThrottleTimeMs;
        Assert.Equal(size - 10_000, throttleMs);

        _ = await client.Post(new ApiVersionsRequest(), 0);
        Assert.True(await client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        _time.Advance(TimeSpan.FromMilliseconds(throttleMs - 1));
        Assert.True(await client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.NotNull(await client.Receive());
    }

    [Fact]
    public async Task A_user_s_clients_share_the_user_s_quota_and_another_connection_is_throttled_by_what_it_does_itself()
    {
        await Set("user", "ANONYMOUS", "producer_byte_rate", 1_000);
        var (one, other) = (_node.Connect(), _node.Connect());
        Assert.Equal(0, await Produce(one, 6_000, "one"));
        Assert.InRange(await Produce(other, 6_000, "other"), 2_000, 3_000);
        Assert.Equal(ErrorCode.None, (await one.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode);
    }

    [Fact]
    public async Task Each_client_id_has_the_quota_of_the_default_client_id_for_itself()
    {
        await Set("client-id", null, "producer_byte_rate", 1_000);
        Assert.Equal(0, await Produce(_node.Connect(), 6_000, "one"));
        Assert.Equal(0, await Produce(_node.Connect(), 6_000, "other"));
        Assert.InRange(await Produce(_node.Connect(), 6_000, "one"), 2_000, 3_000);
        await Set("client-id", "one", "producer_byte_rate", 1_000_000);
        Assert.Equal(0, await Produce(_node.Connect(), 6_000, "one"));
    }

    [Fact]
    public async Task A_producer_that_wants_no_answer_is_throttled_too()
    {
        await Set("user", "ANONYMOUS", "producer_byte_rate", 1_000);
        var client = _node.Connect();
        _ = await client.Post(Records.Produce("t", Records.Batch(1, 12_000), acks: 0), 12);
        _ = await client.Post(new ApiVersionsRequest(), 0);
        Assert.True(await client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        // Nothing tells when the throttle begins: on a busy machine it can be after the clock was moved.
        var answer = client.Receive();
        await Eventually.Is(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return answer.IsCompleted;
        });
        Assert.NotNull(await answer);
    }

    [Fact]
    public async Task A_consumer_past_its_quota_gets_an_empty_answer_and_its_records_after_the_time()
    {
        for (var i = 0; i < 12; i++) _ = await Records.Send(_admin, "t", Records.Batch(1, 1_000));
        await Set("client-id", "test", "consumer_byte_rate", 500);
        var client = _node.Connect();

        var first = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0, partitionMaxBytes: 4_000), 12);
        Assert.Equal(0, first.ThrottleTimeMs);
        Assert.Equal([0, 1, 2], Records.BaseOffsets(first.Responses[0].Partitions[0].Records));
        var second = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 3, partitionMaxBytes: 4_000), 12);
        Assert.Empty(second.Responses);
        Assert.Equal((ErrorCode.None, 0), (second.ErrorCode, second.SessionId));
        Assert.InRange(second.ThrottleTimeMs, 5_000, 7_000);

        _ = await client.Post(Records.Fetch("t", 3, partitionMaxBytes: 4_000), 12);
        Assert.True(await client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        _time.Advance(TimeSpan.FromMilliseconds(second.ThrottleTimeMs + 20));
        var third = MemoryClient.Decode<FetchRequest, FetchResponse>((await client.Receive())!, 12);

        // The rate is over ten windows at least, so half of that time is not enough; after all of it what was read first counts no more.
        Assert.Empty(third.Responses);
        _time.Advance(TimeSpan.FromMilliseconds(third.ThrottleTimeMs + 20));
        var fourth = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 3, partitionMaxBytes: 4_000), 12);
        Assert.Equal([3, 4, 5], Records.BaseOffsets(fourth.Responses[0].Partitions[0].Records));
    }

    [Fact]
    public async Task Bytes_out_are_those_that_were_sent_once()
    {
        for (var i = 0; i < 12; i++) _ = await Records.Send(_admin, "t", Records.Batch(1, 1_000));
        await Set("client-id", "test", "consumer_byte_rate", 500);
        var client = _node.Connect();
        var first = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0, partitionMaxBytes: 4_000), 12);
        var sent = first.Responses[0].Partitions[0].Records!.Length;
        Assert.Equal(sent, BytesOut());
        Assert.Empty((await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 3, partitionMaxBytes: 4_000), 12)).Responses);
        Assert.Equal(sent, BytesOut());

        long BytesOut() => TopicTotals.Of(_node.Broker.Partitions).Topics["t"].BytesOut;
    }

    /// <summary>
    /// The answer's frame is more than its records, so a fetch that asks for all there is waits for those bytes once and is not refused for ever.
    /// </summary>
    [Fact]
    public async Task A_fetch_reads_no_more_than_its_quota_allows_at_once()
    {
        for (var i = 0; i < 12; i++) _ = await Records.Send(_admin, "t", Records.Batch(1, 1_000));
        await Set("client-id", "test", "consumer_byte_rate", 500);
        var client = _node.Connect();
        var first = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0), 12);
        Assert.Empty(first.Responses);
        Assert.InRange(first.ThrottleTimeMs, 1, 200);
        _time.Advance(TimeSpan.FromMilliseconds(first.ThrottleTimeMs + 20));
        var second = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0), 12);
        Assert.Equal(0, second.ThrottleTimeMs);
        Assert.InRange(second.Responses[0].Partitions[0].Records!.Length, 3_000, 5_000);
    }

    [Fact]
    public async Task A_throttled_fetch_leaves_its_session_as_it_was()
    {
        var client = _node.Connect();
        var opened = await client.Ask<FetchRequest, FetchResponse>(Session(0, 0), 12);
        for (var i = 0; i < 4; i++) _ = await Records.Send(_admin, "t", Records.Batch(1, 1_000));
        await Set("client-id", "test", "consumer_byte_rate", 400);
        Assert.Single((await client.Ask<FetchRequest, FetchResponse>(Session(opened.SessionId, 1), 12)).Responses);
        var throttled = await client.Ask<FetchRequest, FetchResponse>(Session(opened.SessionId, 2), 12);
        Assert.Equal((opened.SessionId, 0), (throttled.SessionId, throttled.Responses.Count));
        _time.Advance(TimeSpan.FromSeconds(12));
        var after = await client.Ask<FetchRequest, FetchResponse>(Session(opened.SessionId, 3), 12);
        Assert.Equal([0, 1], Records.BaseOffsets(Assert.Single(after.Responses).Partitions[0].Records));
    }

    [Fact]
    public void Time_of_handlers_is_a_percentage_of_a_thread_and_costs_a_window_at_most()
    {
        var quotas = Quotas(("request_percentage", 10));
        Assert.Equal(0, Request(900));
        Assert.Equal(350, Request(150));
        Assert.Equal(1_000, Request(5_000));

        int Request(int handlerMs)
        {
            var meter = quotas.Measure(100);
            _time.Advance(TimeSpan.FromMilliseconds(handlerMs));
            quotas.Returned(meter);
            var response = new HeartbeatResponse();
            var throttleMs = quotas.Throttle(Context(ApiKey.Heartbeat, meter), meter, response);
            Assert.Equal(throttleMs, response.ThrottleTimeMs);
            return throttleMs;
        }
    }

    [Fact]
    public void What_is_waited_for_after_the_handler_returned_is_not_its_time_and_no_answer_is_exempt()
    {
        var quotas = Quotas(("request_percentage", 1));
        var meter = quotas.Measure(100);
        quotas.Returned(meter);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, quotas.Throttle(Context(ApiKey.JoinGroup, meter), meter, new JoinGroupResponse()));
        var unanswered = quotas.Measure(100);
        _time.Advance(TimeSpan.FromSeconds(30));
        quotas.Returned(unanswered);
        Assert.Equal(0, quotas.Throttle(Context(ApiKey.Produce, unanswered), unanswered, null));
    }

    [Fact]
    public void The_largest_throttle_counts()
    {
        var quotas = Quotas(("request_percentage", 1), ("producer_byte_rate", 1_000));
        var meter = quotas.Measure(12_000);
        _time.Advance(TimeSpan.FromSeconds(30));
        quotas.Returned(meter);
        Assert.Equal(2_000, quotas.Throttle(Context(ApiKey.Produce, meter), meter, new ProduceResponse()));
    }

    [Fact]
    public async Task Topics_past_the_quota_of_changes_are_refused_and_the_client_is_throttled()
    {
        await Set("user", "ANONYMOUS", "controller_mutation_rate", 1);
        var client = _node.Connect();
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(Create(("a", 8), ("b", 8), ("c", 1)), 7);
        Assert.Equal(
            [("a", ErrorCode.None, null), ("b", ErrorCode.None, null), ("c", ErrorCode.ThrottlingQuotaExceeded, null)],
            response.Topics.Select(t => (t.Name, t.ErrorCode, t.ErrorMessage)));
        Assert.Equal(5_000, response.ThrottleTimeMs);
        var deletion = new DeleteTopicsRequest { Topics = { new() { Name = "a" } }, TimeoutMs = 1_000 };
        var other = _node.Connect();
        var deleted = await other.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(deletion, 6);
        Assert.Equal((ErrorCode.ThrottlingQuotaExceeded, 5_000), (deleted.Responses[0].ErrorCode, deleted.ThrottleTimeMs));
        _time.Advance(TimeSpan.FromMilliseconds(5_020));
        Assert.Equal(ErrorCode.None, (await other.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(deletion, 6)).Responses[0].ErrorCode);
        var grown = await client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(
            new CreatePartitionsRequest { Topics = { new() { Name = "b", Count = 9, Assignments = null } }, TimeoutMs = 1_000 }, 3);
        Assert.Equal((ErrorCode.ThrottlingQuotaExceeded, 7_980), (grown.Results[0].ErrorCode, grown.ThrottleTimeMs));
    }

    [Fact]
    public async Task Clients_that_do_not_know_the_error_are_served_and_throttled()
    {
        await Set("user", "ANONYMOUS", "controller_mutation_rate", 1);
        var response = await _node.Connect().Ask<CreateTopicsRequest, CreateTopicsResponse>(Create(("a", 12), ("b", 2)), 5);
        Assert.All(response.Topics, static topic => Assert.Equal(ErrorCode.None, topic.ErrorCode));
        Assert.Equal(3_000, response.ThrottleTimeMs);
    }

    /// <summary>As many as the bucket holds and the one that empties it.</summary>
    [Fact]
    public async Task Topics_that_a_client_only_asks_about_count_for_its_quota_of_changes()
    {
        await Set("client-id", "test", "controller_mutation_rate", 1);
        var request = new MetadataRequest
        {
            Topics = [.. Enumerable.Range(0, 20).Select(static i => new MetadataRequest.MetadataRequestTopic { Name = $"auto{i}" })],
            AllowAutoTopicCreation = true,
        };
        Assert.Equal(0, (await _node.Connect().Ask<MetadataRequest, MetadataResponse>(request, 9)).ThrottleTimeMs);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => _node.Broker.Topics.UnderWay($"auto{i}")));
        Assert.Equal(12, _node.Controller.Image.Topics.Keys.Count(static name => name.StartsWith("auto", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_quota_that_is_gone_throttles_nobody()
    {
        await Set("user", "ANONYMOUS", "producer_byte_rate", 1);
        Assert.True(_node.Broker.Connections.Quotas.IsActive);
        await Set("user", "ANONYMOUS", "producer_byte_rate", null);
        Assert.False(_node.Broker.Connections.Quotas.IsActive);
        Assert.Equal(0, await Produce(_node.Connect(), 6_000, "one"));
    }

    [Fact]
    public async Task A_connection_that_is_throttled_ends_with_the_node()
    {
        await Set("user", "ANONYMOUS", "producer_byte_rate", 1);
        var client = _node.Connect();
        Assert.True(await Produce(client, 6_000, "one") > 5_000_000);
        _ = await client.Post(new ApiVersionsRequest(), 0);
        var drained = _node.Broker.Drain();
        Assert.Null(await client.Receive());
        client.CloseSending();
        await client.Served;
        _admin.CloseSending();
        Assert.Equal(0, await drained);
    }

    private static CreateTopicsRequest Create(params (string Name, int Partitions)[] topics) => new()
    {
        Topics = [.. topics.Select(static t => new CreateTopicsRequest.CreatableTopic { Name = t.Name, NumPartitions = t.Partitions, ReplicationFactor = 1 })],
        TimeoutMs = 10_000,
    };

    private static FetchRequest Session(int id, int epoch)
    {
        var request = Records.Fetch("t", 0, partitionMaxBytes: 2_500);
        (request.SessionId, request.SessionEpoch) = (id, epoch);
        if (epoch > 0) request.Topics.Clear();
        return request;
    }

    private static async Task<int> Produce(MemoryClient client, int bytes, string clientId)
    {
        _ = await client.Post(Records.Produce("t", Records.Batch(1, bytes)), 12, clientId);
        return MemoryClient.Decode<ProduceRequest, ProduceResponse>((await client.Receive())!, 12).ThrottleTimeMs;
    }

    private static RequestContext Context(ApiKey key, QuotaMeter meter) =>
        new(key, 3, 1, "client",
            new ConnectionInfo("c", "PLAINTEXT", new DispatchTable(ApiListeners.Broker, []), System.Net.IPAddress.Loopback, CancellationToken.None))
        {
            Meter =
            meter
        };

    /// <summary>Quotas of the default user, without a node.</summary>
    private ClientQuotas Quotas(params (string Key, double Value)[] values)
    {
        var delta = new Cluster.Metadata.MetadataDelta(Cluster.Metadata.MetadataImage.Empty);
        var entity = new Cluster.Metadata.QuotaEntity([KeyValuePair.Create<string, string?>("user", null)]);
        foreach (var (key, value) in values) delta.Apply(entity.ToRecord(key, value));
        var quotas = new ClientQuotas(TestNode.ConfigOf(), _time);
        Assert.True(quotas.OnMetadata(new(delta, delta.ToImage(Cluster.Metadata.MetadataProvenance.None))).AsTask().IsCompletedSuccessfully);
        return quotas;
    }

    /// <summary>Sets a quota, or takes it back, as an administrator does.</summary>
    private async Task Set(string type, string? name, string key, double? value)
    {
        var response = await _admin.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(
            new AlterClientQuotasRequest
            {
                Entries =
                {
                    new() { Entity = { new() { EntityType = type, EntityName = name } },
                        Ops = { new() { Key = key, Value = value ?? 0, Remove = value is null } } },
                },
            },
            1);
        Assert.Equal(ErrorCode.None, response.Entries[0].ErrorCode);
    }
}
