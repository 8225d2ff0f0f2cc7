using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Testing.Hosting;
using Xunit;
using ErrorCode = KafkaCompat.Protocol.ErrorCode;

namespace KafkaCompat.Testing.Tests;

/// <summary>Starts, stops, kills and restarts; where the files are; several brokers at once.</summary>
public sealed class LifeTests
{
    public static TheoryData<BrokerStorage> Storages => [BrokerStorage.Memory, BrokerStorage.TemporaryDirectory];

    [Theory]
    [MemberData(nameof(Storages))]
    public async Task What_is_produced_is_consumed(BrokerStorage storage)
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Storage = storage });
        using var producer = broker.Producer();
        await producer.Send("auto", "first");
        await producer.Send("auto", "second");
        Assert.Equal(["first", "second"], broker.ReadAll("auto", 2));
        Assert.Equal(["auto"], broker.Topics);
        Assert.Equal(2, broker.EndOffset("auto"));
    }

    /// <summary>Large enough for sendfile where there is a file, and for several blocks where there is none.</summary>
    [Theory]
    [MemberData(nameof(Storages))]
    public async Task Records_of_many_blocks_come_back_as_they_were(BrokerStorage storage)
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Storage = storage });
        using var producer = broker.Producer();
        var values = Enumerable.Range(0, 40).Select(static i => new string((char)('a' + (i % 26)), 50_000)).ToList();
        await Task.WhenAll(values.Select(value => producer.Send("large", value)));
        Assert.Equal(values, broker.ReadAll("large", values.Count));
    }

    [Fact]
    public async Task Twenty_brokers_start_at_once_and_know_nothing_of_each_other()
    {
        await (await KafkaCompatBroker.StartAsync()).DisposeAsync();
        var started = TimeProvider.System.GetTimestamp();
        var brokers = await Task.WhenAll(Enumerable.Range(0, 20).Select(static _ => KafkaCompatBroker.StartAsync()));
        var tookMs = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"20 brokers in parallel: {tookMs:F1} ms");
        try
        {
            Assert.Equal(20, brokers.Select(static broker => broker.BootstrapServers).Distinct().Count());
            Assert.Equal(20, brokers.Select(static broker => broker.ClusterId).Distinct().Count());
            await Task.WhenAll(brokers.Select(static (broker, i) => broker.CreateTopicAsync($"topic-{i}")));
            Assert.All(Enumerable.Range(0, 20), i => Assert.Equal([$"topic-{i}"], brokers[i].Topics));
        }
        finally
        {
            await Task.WhenAll(brokers.Select(static broker => broker.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task A_start_tells_how_long_it_took()
    {
        await (await KafkaCompatBroker.StartAsync()).DisposeAsync();
        var started = TimeProvider.System.GetTimestamp();
        await using var broker = await KafkaCompatBroker.StartAsync();
        var tookMs = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"a broker in a warm process: {tookMs:F1} ms");
        using var client = await WireClient.Connect(broker);
        Assert.NotEmpty((await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0))!.ApiKeys);
    }

    [Theory]
    [InlineData(BrokerStorage.Memory, false)]
    [InlineData(BrokerStorage.Memory, true)]
    [InlineData(BrokerStorage.TemporaryDirectory, false)]
    [InlineData(BrokerStorage.TemporaryDirectory, true)]
    public async Task A_restart_keeps_records_offsets_port_and_cluster(BrokerStorage storage, bool unclean)
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Storage = storage, Topics = ["kept"] });
        var before = (broker.BootstrapServers, broker.ClusterId);
        using (var producer = broker.Producer())
        {
            await producer.Send("kept", "first");
            await producer.Send("kept", "second");
        }

        using (var consumer = broker.Consumer())
        {
            consumer.Subscribe("kept");
            consumer.Commit(consumer.Consume(Clients.Patience));
            consumer.Close();
        }

        await broker.RestartAsync(unclean);

        Assert.Equal(before, (broker.BootstrapServers, broker.ClusterId));
        Assert.Equal(["first", "second"], broker.ReadAll("kept", 2));
        using var successor = broker.Consumer();
        successor.Subscribe("kept");
        Assert.Equal("second", successor.Consume(Clients.Patience).Message.Value);
    }

    [Fact]
    public async Task A_client_lives_through_a_kill()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["kept"] });
        using var producer = broker.Producer(idempotent: true);
        await producer.Send("kept", "before");
        await broker.KillAsync();
        Assert.False(broker.IsRunning);
        var during = producer.Send("kept", "during");
        await broker.ResumeAsync();
        Assert.Equal(1, (await during).Offset.Value);
        Assert.Equal(["before", "during"], broker.ReadAll("kept", 2));
    }

    /// <summary>Else clients are split between the two, and each broker has a part of the records.</summary>
    [Fact]
    public async Task A_port_is_one_brokers_while_it_runs_and_while_it_is_stopped()
    {
        await using var broker = await KafkaCompatBroker.StartAsync();
        var port = int.Parse(broker.BootstrapServers.Split(':')[1], CultureInfo.InvariantCulture);
        await Refused();
        await broker.StopAsync();
        await Refused();
        await broker.ResumeAsync();
        await broker.RestartAsync(unclean: true);
        await Refused();
        await broker.DisposeAsync();
        await using var next = await KafkaCompatBroker.StartAsync(new() { Port = port });
        Assert.Equal($"127.0.0.1:{port}", next.BootstrapServers);

        async Task Refused() => Assert.StartsWith(
            $"Port {port} cannot be used: ", (await Assert.ThrowsAsync<ArgumentException>(() => KafkaCompatBroker.StartAsync(new() { Port = port }))).Message,
            StringComparison.Ordinal);
    }

    /// <summary>What another process has: a listener that would share, and on Linux the name of a reservation whose broker is stopped.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_of_another_process_is_refused(bool listens)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes see each other's reservations on Linux.");
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        using var reservation = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        if (listens) taken.Listen();
        else reservation.Bind(PortReservation.NameOf(port));
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => KafkaCompatBroker.StartAsync(new() { Port = port }));
        Assert.StartsWith($"Port {port} cannot be used: ", refused.Message, StringComparison.Ordinal);
        taken.Dispose();
        reservation.Dispose();
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Port = port });
    }

    [Fact]
    public async Task A_broker_that_is_stopped_refuses_connections_and_keeps_its_port()
    {
        await using var broker = await KafkaCompatBroker.StartAsync();
        await broker.StopAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var refused = await Assert.ThrowsAnyAsync<SocketException>(() =>
            socket.ConnectAsync(IPEndPoint.Parse(broker.BootstrapServers), TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        var stopped = Assert.Throws<InvalidOperationException>(() => broker.Topics);
        Assert.Contains(nameof(KafkaCompatBroker.ResumeAsync), stopped.Message, StringComparison.Ordinal);
        await broker.ResumeAsync();
        using var client = await WireClient.Connect(broker);
        Assert.NotNull(await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0));
    }

    [Fact]
    public async Task A_second_disposal_does_nothing()
    {
        var broker = await KafkaCompatBroker.StartAsync(new() { Storage = BrokerStorage.TemporaryDirectory });
        var folder = broker.DataDirectory!;
        await broker.DisposeAsync();
        await broker.DisposeAsync();
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_temporary_folder_ends_with_its_broker_and_a_named_one_stays()
    {
        string temporary;
        await using (var broker = await KafkaCompatBroker.StartAsync(new() { Storage = BrokerStorage.TemporaryDirectory }))
        {
            temporary = broker.DataDirectory!;
            Assert.True(File.Exists(Path.Combine(temporary, "meta.properties")));
        }

        Assert.False(Directory.Exists(temporary));
        var folder = Directory.CreateTempSubdirectory("kafkacompat-test-");
        try
        {
            var options = new KafkaCompatBrokerOptions { Storage = BrokerStorage.Directory, DataDirectory = folder.FullName };
            await using (var broker = await KafkaCompatBroker.StartAsync(options)) await broker.CreateTopicAsync("kept", 3);
            await using var again = await KafkaCompatBroker.StartAsync(options);
            Assert.Equal(["kept"], again.Topics);
            await again.DisposeAsync();
            // Topics of the options that are there already stay as they are.
            await using var third = await KafkaCompatBroker.StartAsync(new()
            {
                Storage = BrokerStorage.Directory,
                DataDirectory = folder.FullName,
                Topics = ["kept", "added"],
            });
            Assert.Equal(["added", "kept"], third.Topics.Order());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Options_reach_the_broker()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new()
        {
            AutoCreateTopics = false,
            DefaultPartitions = 3,
            Topics = ["plain", new("wide", 5) { Configs = new Dictionary<string, string> { ["retention.ms"] = "1234" } }],
            Settings = new Dictionary<string, string> { ["message.max.bytes"] = "4321" },
        });
        using var admin = broker.Admin();
        var metadata = admin.GetMetadata(Clients.Patience);
        Assert.Equal([("plain", 3), ("wide", 5)], metadata.Topics.Select(static topic => (topic.Topic, topic.Partitions.Count)).Order());
        Assert.Equal(Confluent.Kafka.ErrorCode.UnknownTopicOrPart, admin.GetMetadata("absent", Clients.Patience).Topics.Single().Error.Code);
        Assert.Equal(2, broker.Topics.Count);
        var wide = await admin.DescribeConfigsAsync([new() { Type = Confluent.Kafka.Admin.ResourceType.Topic, Name = "wide" }]);
        Assert.Equal(("1234", "4321"), (wide[0].Entries["retention.ms"].Value, wide[0].Entries["max.message.bytes"].Value));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_its_reason()
    {
        var unknown = await Assert.ThrowsAsync<ArgumentException>(() =>
            KafkaCompatBroker.StartAsync(new() { Settings = new Dictionary<string, string> { ["log.retention.mss"] = "1" } }));
        Assert.Contains("log.retention.ms", unknown.Message, StringComparison.Ordinal);
        var elsewhere = await Assert.ThrowsAsync<ArgumentException>(() =>
            KafkaCompatBroker.StartAsync(new() { Settings = new Dictionary<string, string> { ["log.dirs"] = "/tmp/x" } }));
        Assert.Contains("log.dirs is not set by Settings", elsewhere.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => KafkaCompatBroker.StartAsync(new() { Storage = BrokerStorage.Directory }));
        var several = await Assert.ThrowsAsync<ArgumentException>(() =>
            KafkaCompatBroker.StartAsync(new() { Settings = new Dictionary<string, string> { ["num.io.threads"] = "x", ["no.such"] = "1" } }));
        Assert.Equal(["2 problems:", "- Unknown setting no.such", "- Invalid value x for configuration num.io.threads: Not a number of type INT"],
            several.Message.ReplaceLineEndings("\n").Split('\n')[..3]);
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["one"] });
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await Assert.ThrowsAsync<KafkaCompatException>(() => broker.CreateTopicAsync("one"))).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Assert.ThrowsAsync<KafkaCompatException>(() => broker.DeleteTopicAsync("two"))).Error);
        Assert.Throws<KafkaCompatException>(() => broker.EndOffset("one", 7));
        foreach (var partitions in (int[])[-1, -3])
            Assert.Equal(ErrorCode.InvalidPartitions, (await Assert.ThrowsAsync<KafkaCompatException>(() => broker.CreateTopicAsync("few", partitions))).Error);
        var topics = await Assert.ThrowsAsync<KafkaCompatException>(() => KafkaCompatBroker.StartAsync(new() { Topics = ["a/b", "c/d"] }));
        Assert.All((string[])["\n- Topic a/b is not created", "\n- Topic c/d is not created"],
            text => Assert.Contains(text, topics.Message.ReplaceLineEndings("\n"), StringComparison.Ordinal));
    }

    /// <summary>A failed assertion prints what it compared.</summary>
    [Fact]
    public void What_is_handed_out_says_what_it_holds()
    {
        Assert.Equal(
            "BrokerGroupMember { MemberId = m-1, ClientId = app, Assignment = orders-0, orders-2 }",
            new BrokerGroupMember("m-1", "app", null, [("orders", 0), ("orders", 2)]).ToString());
        Assert.Equal("BrokerGroupMember { MemberId = m-1, ClientId = app, GroupInstanceId = s, Assignment =  }",
            new BrokerGroupMember("m-1", "app", "s", []).ToString());
        Assert.Equal("BrokerTopic { Name = orders, Partitions = 3, Configs = retention.ms=1 }",
            new BrokerTopic("orders", 3) { Configs = new Dictionary<string, string> { ["retention.ms"] = "1" } }.ToString());
        Assert.Contains("Key = k, Value = null", BrokerRecord.Of(null, "k").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_in_memory_tells_of_no_folder()
    {
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using (
            var broker =
            await KafkaCompatBroker.StartAsync(new() { LogTo = lines.Enqueue, LogLevel = Microsoft.Extensions.Logging.LogLevel.Trace, Topics = ["one"] }))
        {
            await broker.RestartAsync();
        }

        Assert.Single(lines, static line => line.Contains("keeps its files in memory", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, static line => line.Contains("log directory", StringComparison.Ordinal));
    }

    [Fact]
    public void A_test_that_cannot_await_has_a_broker_too()
    {
        using var broker = KafkaCompatBroker.Start(new() { Topics = ["one"] });
        Assert.Equal(["one"], broker.Topics);
        broker.Dispose();
        Assert.Throws<InvalidOperationException>(() => broker.Topics);
    }
}
