using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Xunit;
using ErrorCode = KafkaCompat.Protocol.ErrorCode;

namespace KafkaCompat.Testing.Tests;

/// <summary>What a test sees of a broker, and puts into it, without a client.</summary>
public sealed class AccessTests
{
    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_that_a_client_wrote_are_read_with_key_value_headers_and_time()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(cancellationToken: Ending);
        using var producer = new ProducerBuilder<string, string?>(
            new ProducerConfig { BootstrapServers = broker.BootstrapServers, CompressionType = CompressionType.Zstd }).Build();
        // An hour ago, in whole milliseconds: a record of more than a week ago is too old for Kafka's retention.
        var time = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 3_600_000);
        var headers = new Headers { { "trace", "7"u8.ToArray() }, { "none", null } };
        await producer.ProduceAsync("orders", new() { Key = "customer", Value = "first", Headers = headers, Timestamp = new Timestamp(time) }, Ending);
        await producer.ProduceAsync("orders", new() { Key = "customer", Value = null }, Ending);
        var records = broker.Records("orders");
        Assert.Equal(["first", null], records.Select(static record => record.ValueText));
        Assert.Equal([0L, 1L], records.Select(static record => record.Offset));
        Assert.All(records, static record => Assert.Equal("customer", record.KeyText));
        Assert.Equal(time, records[0].Timestamp);
        Assert.Equal(["trace", "none"], records[0].Headers.Select(static header => header.Key));
        Assert.Equal("7"u8.ToArray(), records[0].Headers[0].Value);
        Assert.Null(records[0].Headers[1].Value);
    }

    [Fact]
    public async Task Records_that_a_test_wrote_reach_a_client_in_their_order()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = [new("orders", 2)] }, Ending);
        Assert.Equal(0, await broker.ProduceAsync("orders", "first", cancellationToken: Ending));
        Assert.Equal([1L, 0L, 2L],
            await broker.ProduceAsync("orders", [BrokerRecord.Of("second"), BrokerRecord.Of("elsewhere", "key", 1), BrokerRecord.Of("third")], Ending));
        Assert.Equal(["first", "second", "third"], broker.ReadAll("orders", 3));
        Assert.Equal(["elsewhere"], broker.Records("orders", 1).Select(static record => record.ValueText));
        Assert.Equal(["first", "second", "third", "elsewhere"], broker.Records("orders").Select(static record => record.ValueText));
    }

    [Fact]
    public async Task Many_records_are_read_whole()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(cancellationToken: Ending);
        var values = Enumerable.Range(0, 30).Select(static i => new string((char)('a' + i % 26), 100_000)).ToList();
        foreach (var value in values) await broker.ProduceAsync("large", value, cancellationToken: Ending);
        Assert.Equal(values, broker.Records("large").Select(static record => record.ValueText));
    }

    [Fact]
    public async Task What_was_deleted_is_not_read()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(cancellationToken: Ending);
        await broker.ProduceAsync("orders", [BrokerRecord.Of("first"), BrokerRecord.Of("second"), BrokerRecord.Of("third")], Ending);
        using var admin = broker.Admin();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset("orders", 0, 1)]);
        Assert.Equal(["second", "third"], broker.Records("orders").Select(static record => record.ValueText));
    }

    [Fact]
    public async Task A_topic_that_is_not_there_is_made_only_where_that_is_allowed()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { AutoCreateTopics = false }, Ending);
        var refused = await Assert.ThrowsAsync<KafkaCompatException>(() => broker.ProduceAsync("orders", "first", cancellationToken: Ending));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, refused.Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Throws<KafkaCompatException>(() => broker.Records("orders")).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Throws<KafkaCompatException>(() => broker.EndOffset("orders")).Error);
    }

    [Fact]
    public async Task A_groups_offsets_and_members_are_told()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = [new("orders", 2)] }, Ending);
        Assert.Null(broker.CommittedOffset("group", "orders"));
        Assert.Empty(broker.GroupMembers("group"));
        await broker.ProduceAsync("orders", "first", cancellationToken: Ending);
        using var consumer = broker.Consumer();
        consumer.Subscribe("orders");
        var first = consumer.Consume(Clients.Patience);
        consumer.Commit(first);
        Assert.Equal(1, broker.CommittedOffset("group", "orders"));
        Assert.Null(broker.CommittedOffset("group", "orders", 1));
        Assert.Null(broker.CommittedOffset("another", "orders"));
        var member = Assert.Single(broker.GroupMembers("group"));
        Assert.Equal("rdkafka", member.ClientId);
        Assert.Null(member.GroupInstanceId);
        Assert.Equal([("orders", 0), ("orders", 1)], member.Assignment.Order());
        await broker.RestartAsync(unclean: true);
        Assert.Equal(1, broker.CommittedOffset("group", "orders"));
        consumer.Close();
    }

    [Fact]
    public async Task A_batch_that_is_too_large_is_told_with_its_size_and_the_limit()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(Ending);
        await broker.CreateTopicAsync("small", configs: new Dictionary<string, string> { ["max.message.bytes"] = "1000" });
        var refused = await Assert.ThrowsAsync<KafkaCompatException>(() => broker.ProduceAsync("small", new string('x', 2_000), cancellationToken: Ending));
        Assert.Equal(ErrorCode.MessageTooLarge, refused.Error);
        Assert.Matches(
            "^The records of small-0 are refused: MessageTooLarge because their batch has 20[0-9]{2} bytes, and max.message.bytes of the topic allows 1000.$",
            refused.Message);
        refused = await Assert.ThrowsAsync<KafkaCompatException>(() => broker.ProduceAsync("default", new string('x', 2_000_000), cancellationToken: Ending));
        Assert.Matches("because their batch has 2000[0-9]{3} bytes, and message.max.bytes of the broker allows 1048588.$", refused.Message);
    }

    /// <summary>The start is cancelled as every other call is: by its last argument, and without options by its only one.</summary>
    [Fact]
    public async Task A_start_takes_a_token_alone_options_alone_and_both()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => KafkaCompatBroker.StartAsync(cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => KafkaCompatBroker.StartAsync(new() { Topics = ["one"] }, cancelled.Token));
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["one"] });
        Assert.Equal(["one"], broker.Topics);
        await using var plain = await KafkaCompatBroker.StartAsync(new());
        await using var other = await KafkaCompatBroker.StartAsync(null);
        await using var standard = await KafkaCompatBroker.StartAsync(default);
        Assert.True(plain.IsRunning && other.IsRunning && standard.IsRunning);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_gives_its_port_back()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => KafkaCompatBroker.StartAsync(cancellationToken: cancelled.Token));
        using var soon = new CancellationTokenSource();
        var starting = KafkaCompatBroker.StartAsync(cancellationToken: soon.Token);
        await soon.CancelAsync();
        try
        {
            await (await starting).DisposeAsync();
        }
        catch (OperationCanceledException)
        {
            // It depends on who was faster; neither leaves a broker behind.
        }
    }

    [Fact]
    public async Task A_port_of_the_tests_choice_is_where_clients_connect()
    {
        int port;
        await using (var first = await KafkaCompatBroker.StartAsync(cancellationToken: Ending))
        {
            port = int.Parse(first.BootstrapServers.Split(':')[1], CultureInfo.InvariantCulture);
        }
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Port = port }, Ending);
        Assert.Equal($"127.0.0.1:{port}", broker.BootstrapServers);
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => KafkaCompatBroker.StartAsync(new() { Port = 70_000 }, Ending));
        Assert.Equal("Port 70000 cannot be used: a port is 0 to 65535 (Parameter 'port')", refused.Message);
        refused = await Assert.ThrowsAsync<ArgumentException>(() => KafkaCompatBroker.StartAsync(new() { Port = -1 }, Ending));
        Assert.StartsWith("Port -1 cannot be used: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_without_a_name_is_seen_in_the_message_and_null_is_refused_by_its_parameter()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = [new("orders")] }, Ending);
        var refused = await Assert.ThrowsAsync<KafkaCompatException>(() => broker.ProduceAsync("", "value", cancellationToken: Ending));
        Assert.StartsWith("Topic \"\" is not created: ", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<KafkaCompatException>(() => broker.DeleteTopicAsync(""));
        Assert.StartsWith("Topic \"\" is not deleted: ", refused.Message, StringComparison.Ordinal);
        foreach (var (parameter, call) in ((string, Func<Task>)[])
        [
            ("topic", () => broker.ProduceAsync(null!, "value", cancellationToken: Ending)),
            ("topic", () => broker.ProduceAsync(null!, [BrokerRecord.Of("value")], Ending)),
            ("records", () => broker.ProduceAsync("orders", (IEnumerable<BrokerRecord>)null!, Ending)), ("name", () => broker.CreateTopicAsync(null!)),
            ("name", () => broker.DeleteTopicAsync(null!)),
            ("topic", () => Task.FromResult(broker.EndOffset(null!))), ("topic", () => Task.FromResult(broker.Records(null!))),
            ("group", () => Task.FromResult(broker.CommittedOffset(null!, "orders"))), ("topic", () => Task.FromResult(broker.CommittedOffset("group", null!))),
            ("group", () => Task.FromResult(broker.GroupMembers(null!))),
        ])
        {
            Assert.Equal(parameter, (await Assert.ThrowsAsync<ArgumentNullException>(call)).ParamName);
        }
    }

    [Fact]
    public async Task Naming_a_folder_is_enough_to_keep_the_files_there()
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-test-").FullName;
        try
        {
            await using (var broker = await KafkaCompatBroker.StartAsync(new() { DataDirectory = folder }, Ending))
            {
                await broker.ProduceAsync("orders", "kept", cancellationToken: Ending);
                Assert.Equal(folder, broker.DataDirectory);
            }
            await using var again = await KafkaCompatBroker.StartAsync(new() { DataDirectory = folder, Storage = BrokerStorage.Directory }, Ending);
            Assert.Equal("kept", Assert.Single(again.Records("orders")).ValueText);
            _ = await Assert.ThrowsAsync<ArgumentException>(() =>
                KafkaCompatBroker.StartAsync(new() { DataDirectory = folder, Storage = BrokerStorage.TemporaryDirectory }, Ending));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_log_reaches_the_tests_output()
    {
        var lines = new ConcurrentQueue<string>();
        await using (var broker = await KafkaCompatBroker.StartAsync(new() { LogTo = lines.Enqueue, LogLevel = LogLevel.Information }, Ending))
        {
            await broker.CreateTopicAsync("orders");
        }
        Assert.NotEmpty(lines);
        Assert.DoesNotContain(lines, static line => line.StartsWith("Debug", StringComparison.Ordinal));
        await using var quiet = await KafkaCompatBroker.StartAsync(
            new() { LogTo = static _ => throw new InvalidOperationException("The test is over."), LogLevel = LogLevel.Trace }, Ending);
        Assert.True(quiet.IsRunning);
    }

    [Fact]
    public async Task A_client_hears_nothing_of_telemetry()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(cancellationToken: Ending);
        var lines = new ConcurrentQueue<LogMessage>();
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = broker.BootstrapServers })
            .SetLogHandler((_, line) => lines.Enqueue(line)).Build();
        await producer.ProduceAsync("orders", new() { Value = "first" }, Ending);
        Assert.DoesNotContain(lines, static line => line.Message.Contains("elemetry", StringComparison.Ordinal));
    }
}
