using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

public sealed class FetchTests() : NodeTests("t", partitions: 3)
{
    [Fact]
    public async Task A_fetch_returns_what_was_produced_from_the_batch_that_holds_the_offset()
    {
        for (var i = 0; i < 4; i++) _ = await Records.Send(Client, "t", Records.Batch(10));
        var partition = await Fetch(Records.Fetch("t", 15));
        Assert.Equal([10, 20, 30], Records.BaseOffsets(partition.Records));
        Assert.Equal(40, partition.HighWatermark);
        Assert.Equal(40, partition.LastStableOffset);
        Assert.Equal(0, partition.LogStartOffset);
        Assert.Null(partition.AbortedTransactions);
    }

    [Fact]
    public async Task The_first_batch_comes_whole_however_small_the_limits_are()
    {
        for (var i = 0; i < 3; i++) _ = await Records.Send(Client, "t", Records.Batch(1, valueBytes: 1000));
        Assert.Equal([0], Records.BaseOffsets((await Fetch(Records.Fetch("t", 0, partitionMaxBytes: 1))).Records));
        Assert.Equal([1], Records.BaseOffsets((await Fetch(Records.Fetch("t", 1, maxBytes: 1))).Records));
        Assert.Equal([0, 1], Records.BaseOffsets((await Fetch(Records.Fetch("t", 0, partitionMaxBytes: 2200))).Records));
    }

    [Fact]
    public async Task The_limit_of_the_request_holds_over_all_partitions()
    {
        for (var p = 0; p < 3; p++) _ = await Records.Send(Client, "t", Records.Batch(1, valueBytes: 1000), p);
        var request = Records.Fetch("t", 0, maxBytes: 1500);
        for (var p = 1; p < 3; p++) request.Topics[0].Partitions.Add(new() { Partition = p, PartitionMaxBytes = 1 << 20 });
        var response = await Client.Ask<FetchRequest, FetchResponse>(request, 12);
        Assert.Equal([1, 0, 0], response.Responses[0].Partitions.Select(p => Records.BaseOffsets(p.Records).Count));
    }

    [Fact]
    public async Task A_partition_that_is_named_twice_is_fetched_once_as_it_was_named_last()
    {
        for (var i = 0; i < 2; i++) _ = await Records.Send(Client, "t", Records.Batch(10));
        var request = Records.Fetch("t", 0);
        request.Topics[0].Partitions.Add(new() { Partition = 0, FetchOffset = 10, PartitionMaxBytes = 1 << 20 });
        var partition = await Fetch(request);
        Assert.Equal([10], Records.BaseOffsets(partition.Records));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(11)]
    public async Task An_isolation_level_that_there_is_not_fails_every_partition(short version)
    {
        var request = Records.Fetch("t", 0);
        request.IsolationLevel = 7;
        var response = await Client.Ask<FetchRequest, FetchResponse>(request, version);
        Assert.Equal(version >= 7 ? ErrorCode.UnknownServerError : ErrorCode.None, response.ErrorCode);
        var partition = Assert.Single(response.Responses[0].Partitions);
        Assert.Equal(ErrorCode.UnknownServerError, partition.ErrorCode);
        Assert.Empty(partition.AbortedTransactions!);
    }

    [Fact]
    public async Task An_isolation_level_that_there_is_not_fails_the_request_where_topics_go_by_id()
    {
        var request = ById(await Node.CreateTopic("levels"));
        request.IsolationLevel = 7;
        var response = await Client.Ask<FetchRequest, FetchResponse>(request, 13);
        Assert.Equal(ErrorCode.UnknownServerError, response.ErrorCode);
        Assert.Empty(response.Responses);
    }

    [Theory]
    [InlineData(-1, int.MaxValue)]
    [InlineData(1 << 20, -1)]
    [InlineData(int.MinValue, int.MinValue)]
    public async Task A_negative_limit_fails_what_could_be_read(int partitionMaxBytes, int maxBytes)
    {
        var end = await Records.Send(Client, "t", Records.Batch()) + 1;
        var partition = await Fetch(Records.Fetch("t", end - 1, partitionMaxBytes: partitionMaxBytes, maxBytes: maxBytes));
        Assert.Equal((ErrorCode.UnknownServerError, -1, 0), (partition.ErrorCode, partition.HighWatermark, partition.Records!.Length));
        Assert.Null(partition.AbortedTransactions);
        Assert.Equal(ErrorCode.None, (await Fetch(Records.Fetch("t", end, partitionMaxBytes: partitionMaxBytes, maxBytes: maxBytes))).ErrorCode);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(15)]
    public async Task A_replica_follows_no_partition_here(short version)
    {
        foreach (var (replica, error) in new[] { (1, ErrorCode.NotLeaderOrFollower), (2, ErrorCode.NotLeaderOrFollower), (-2, ErrorCode.None) })
        {
            var request = version < 13 ? Records.Fetch("t", 0) : ById(Node.Broker.Partitions.Find("t", 0)!.TopicId);
            if (version < 15) request.ReplicaId = replica;
            else request.ReplicaState = new() { ReplicaId = replica };
            var response = await Client.Ask<FetchRequest, FetchResponse>(request, version);
            Assert.Equal(error, Assert.Single(response.Responses[0].Partitions).ErrorCode);
        }
    }

    [Fact]
    public async Task A_session_can_begin_without_partitions()
    {
        var open = new FetchRequest { SessionEpoch = 0, MinBytes = 1, MaxBytes = int.MaxValue };
        Assert.NotEqual(0, (await Client.Ask<FetchRequest, FetchResponse>(open, 12)).SessionId);
    }

    [Fact]
    public async Task A_topic_that_there_is_not_has_an_empty_list_of_aborted_transactions()
    {
        var partition = await Fetch(Records.Fetch("none", 0));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, partition.ErrorCode);
        Assert.Empty(partition.AbortedTransactions!);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(11)]
    public async Task An_offset_outside_the_log_is_out_of_range(long offset)
    {
        _ = await Records.Send(Client, "t", Records.Batch(10));
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await Fetch(Records.Fetch("t", offset, maxWaitMs: 10_000))).ErrorCode);
    }

    [Fact]
    public async Task The_end_of_the_log_is_empty_and_no_error()
    {
        _ = await Records.Send(Client, "t", Records.Batch(10));
        var partition = await Fetch(Records.Fetch("t", 10));
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        Assert.Equal(0, partition.Records!.Length);
    }

    [Fact]
    public async Task Unknown_topics_and_ids_are_told_apart()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Fetch(Records.Fetch("nobody", 0, maxWaitMs: 10_000))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Fetch(Records.Fetch("t", 0, partition: 7))).ErrorCode);
        var byId = new FetchRequest { Topics = { new() { TopicId = new Uuid(9, 9), Partitions = { new() { PartitionMaxBytes = 1000 } } } } };
        Assert.Equal(ErrorCode.UnknownTopicId, (await Fetch(byId, 17)).ErrorCode);
    }

    [Fact]
    public async Task Leader_epochs_are_checked()
    {
        var request = Records.Fetch("t", 0);
        request.Topics[0].Partitions[0].CurrentLeaderEpoch = 5;
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, (await Fetch(request)).ErrorCode);
    }

    /// <summary>As Kafka 4.4 does: it knows the leader in 12 to 15 too, but tells it from 16 on.</summary>
    [Theory]
    [InlineData(9)]
    [InlineData(12)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(18)]
    public async Task A_fenced_reader_learns_who_leads_where_its_version_has_a_place_for_it(short version)
    {
        var topic = await Node.CreateTopic("moved");
        Node.Controller.Write(new VersionedRecord(new PartitionChangeRecord { TopicId = topic, PartitionId = 0, Leader = 1 }, 0));
        var request = Records.Fetch("moved", 0);
        request.Topics[0].Partitions[0].CurrentLeaderEpoch = 0;
        if (version >= 13) (request.Topics[0].Topic, request.Topics[0].TopicId) = ("", topic);
        var response = await Client.Ask<FetchRequest, FetchResponse>(request, version);
        var partition = response.Responses[0].Partitions[0];
        Assert.Equal(ErrorCode.FencedLeaderEpoch, partition.ErrorCode);
        Assert.Equal(version >= 16 ? (1, 1) : (-1, -1), (partition.CurrentLeader.LeaderId, partition.CurrentLeader.LeaderEpoch));
        Assert.Equal(version >= 16 ? [(1, "localhost", 19092)] : [], response.NodeEndpoints.Select(n => (n.NodeId, n.Host, n.Port)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(13)]
    public async Task A_writer_learns_who_leads_instead_where_its_version_has_a_place_for_it(short version)
    {
        var topic = await Node.CreateTopic("gone");
        Node.Controller.Write(new VersionedRecord(new PartitionChangeRecord { TopicId = topic, PartitionId = 0, Leader = 2 }, 0));
        var request = Records.Produce("gone", Records.Batch());
        if (version >= 13) (request.TopicData[0].Name, request.TopicData[0].TopicId) = ("", topic);
        var result = (await Client.Ask<ProduceRequest, ProduceResponse>(request, version)).Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.NotLeaderOrFollower, result.ErrorCode);
        Assert.Equal(version >= 10 ? (2, 1) : (-1, -1), (result.CurrentLeader.LeaderId, result.CurrentLeader.LeaderEpoch));
    }

    [Fact]
    public async Task A_reader_from_a_later_epoch_learns_where_it_diverges()
    {
        _ = await Records.Send(Client, "t", Records.Batch(10));
        var request = Records.Fetch("t", 20, maxWaitMs: 10_000);
        request.Topics[0].Partitions[0].LastFetchedEpoch = 0;
        var partition = await Fetch(request);
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        Assert.Equal(0, partition.DivergingEpoch.Epoch);
        Assert.Equal(10, partition.DivergingEpoch.EndOffset);
    }

    [Fact]
    public async Task A_long_poll_ends_with_the_bytes_it_waits_for()
    {
        var other = Node.Connect();
        _ = await Client.Post(Records.Fetch("t", 0, maxWaitMs: 60_000, minBytes: 2_000), 12);
        Assert.True(await Client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        _ = await Records.Send(other, "t", Records.Batch(1, valueBytes: 1_200));
        Assert.True(await Client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        _ = await Records.Send(other, "t", Records.Batch(1, valueBytes: 1_200));
        var response = MemoryClient.Decode<FetchRequest, FetchResponse>((await Client.Receive())!, 12);
        Assert.Equal([0, 1], Records.BaseOffsets(response.Responses[0].Partitions[0].Records));
    }

    [Fact]
    public async Task A_long_poll_ends_at_its_time_with_what_is_there()
    {
        _ = await Records.Send(Client, "t", Records.Batch(1));
        var started = TimeProvider.System.GetTimestamp();
        var partition = await Fetch(Records.Fetch("t", 0, maxWaitMs: 150, minBytes: 100_000));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, 140, 120_000);
        Assert.Equal([0], Records.BaseOffsets(partition.Records));
    }

    [Fact]
    public async Task A_long_poll_ends_when_its_topic_is_deleted()
    {
        _ = await Client.Post(Records.Fetch("t", 0, maxWaitMs: 60_000), 12);
        Assert.True(await Client.StaysSilent(TimeSpan.FromMilliseconds(50)));
        _ = await Node.Connect().Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { Topics = { new() { Name = "t" } }, TimeoutMs = 60_000 }, 6);
        var response = MemoryClient.Decode<FetchRequest, FetchResponse>((await Client.Receive())!, 12);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, response.Responses[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task A_session_answers_with_news_alone()
    {
        var open = Records.Fetch("t", 0);
        open.SessionEpoch = 0;
        open.Topics[0].Partitions.Add(new() { Partition = 1, PartitionMaxBytes = 1 << 20 });
        var opened = await Client.Ask<FetchRequest, FetchResponse>(open, 12);
        Assert.NotEqual(0, opened.SessionId);
        Assert.Equal(2, opened.Responses[0].Partitions.Count);

        var nothing = await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId, 1), 12);
        Assert.Empty(nothing.Responses);

        _ = await Records.Send(Client, "t", Records.Batch(3), partition: 1);
        var news = await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId, 2), 12);
        var only = Assert.Single(news.Responses[0].Partitions);
        Assert.Equal(1, only.PartitionIndex);
        Assert.Equal([0], Records.BaseOffsets(only.Records));

        var forget = Next(opened.SessionId, 3);
        forget.ForgottenTopicsData.Add(new() { Topic = "t", Partitions = { 1 } });
        Assert.Empty((await Client.Ask<FetchRequest, FetchResponse>(forget, 12)).Responses);
        _ = await Records.Send(Client, "t", Records.Batch(3), partition: 1);
        Assert.Empty((await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId, 4), 12)).Responses);
    }

    [Fact]
    public async Task A_session_is_held_to_its_epochs()
    {
        var open = Records.Fetch("t", 0);
        open.SessionEpoch = 0;
        var opened = await Client.Ask<FetchRequest, FetchResponse>(open, 12);
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, (await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId, 5), 12)).ErrorCode);
        Assert.Equal(ErrorCode.FetchSessionTopicIdError, (await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId, 1), 13)).ErrorCode);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, (await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId ^ 1, 1), 12)).ErrorCode);
        var end = Next(opened.SessionId, -1);
        Assert.Equal(0, (await Client.Ask<FetchRequest, FetchResponse>(end, 12)).SessionId);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, (await Client.Ask<FetchRequest, FetchResponse>(Next(opened.SessionId, 1), 12)).ErrorCode);
    }

    [Fact]
    public async Task Partitions_of_a_session_take_turns_at_the_limit()
    {
        for (var p = 0; p < 3; p++)
        {
            for (var i = 0; i < 3; i++) _ = await Records.Send(Client, "t", Records.Batch(1, valueBytes: 1000), p);
        }
        var open = Records.Fetch("t", 0, maxBytes: 1);
        open.SessionEpoch = 0;
        for (var p = 1; p < 3; p++) open.Topics[0].Partitions.Add(new() { Partition = p, PartitionMaxBytes = 1 << 20 });
        var opened = await Client.Ask<FetchRequest, FetchResponse>(open, 12);
        var served = new List<int> { WithRecords(opened) };
        for (var epoch = 1; epoch < 3; epoch++)
        {
            var next = Next(opened.SessionId, epoch);
            next.MaxBytes = 1;
            served.Add(WithRecords(await Client.Ask<FetchRequest, FetchResponse>(next, 12)));
        }
        Assert.Equal([0, 1, 2], served);

        static int WithRecords(FetchResponse response) =>
            Assert.Single(response.Responses.SelectMany(topic => topic.Partitions), partition => partition.Records!.Length > 0).PartitionIndex;
    }

    [Fact]
    public async Task Ten_thousand_long_polls_wait_without_a_thread_each_and_all_are_answered()
    {
        const int Polls = 10_000;
        var clients = Enumerable.Range(0, Polls).Select(_ => Node.Connect()).ToList();
        foreach (var client in clients) _ = await client.Post(Records.Fetch("t", 0, maxWaitMs: 120_000), 12);

        // Each has a deadline of its connection too.
        await Eventually.Is(() => Node.Broker.Wheel.Count >= Polls + clients.Count);
        Assert.InRange(Node.Broker.Wheel.Count, Polls + clients.Count, Polls + clients.Count + 10);
        _ = await Records.Send(Client, "t", Records.Batch(1));
        foreach (var client in clients)
        {
            var response = MemoryClient.Decode<FetchRequest, FetchResponse>((await client.Receive())!, 12);
            Assert.Equal([0], Records.BaseOffsets(response.Responses[0].Partitions[0].Records));
        }
        Assert.InRange(Node.Broker.Wheel.Count, 0, clients.Count + 10);
    }

    private static FetchRequest Next(int session, int epoch) => new() { SessionId = session, SessionEpoch = epoch, MaxBytes = int.MaxValue, MinBytes = 1 };

    private async Task<FetchResponse.PartitionData> Fetch(FetchRequest request, short version = 12)
    {
        var response = await Client.Ask<FetchRequest, FetchResponse>(request, version);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return response.Responses[0].Partitions[0];
    }

    private static FetchRequest ById(Uuid topic) =>
        new() { MinBytes = 1, MaxBytes = int.MaxValue, Topics = { new() { TopicId = topic, Partitions = { new() { PartitionMaxBytes = 1 << 20 } } } } };
}
