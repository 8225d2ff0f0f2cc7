using Confluent.Kafka;
using KafkaCompat.Protocol.Messages;
using Xunit;
using ErrorCode = KafkaCompat.Protocol.ErrorCode;

namespace KafkaCompat.Testing.Tests;

/// <summary>After a reset a broker is as it was when it started, for clients that stayed connected too.</summary>
public sealed class ResetTests
{
    [Fact]
    public async Task Topics_groups_offsets_and_records_are_gone_and_the_topics_of_the_start_are_back()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = [new("always", 2)] });
        using var producer = broker.Producer(idempotent: true);
        using var admin = broker.Admin();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(["always"], broker.Topics);
            Assert.Equal(0, broker.EndOffset("always"));
            await producer.ProduceAsync(new TopicPartition("always", 0), new Message<Null, string> { Value = "first" }, TestContext.Current.CancellationToken);
            await producer.Send("once", "second");
            using (var consumer = broker.Consumer())
            {
                consumer.Subscribe("once");
                consumer.Commit(consumer.Consume(Clients.Patience));
                consumer.Close();
            }

            Assert.Contains((await admin.ListConsumerGroupsAsync()).Valid, static group => group.GroupId == "group");
            var started = TimeProvider.System.GetTimestamp();
            await broker.ResetAsync();
            TestContext.Current.TestOutputHelper?.WriteLine($"reset: {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:F1} ms");
            Assert.Empty((await admin.ListConsumerGroupsAsync()).Valid);
        }

        Assert.DoesNotContain(admin.GetMetadata(Clients.Patience).Topics, static topic => topic.Topic != "always");
    }

    [Fact]
    public async Task Settings_quotas_and_faults_are_gone()
    {
        await using var broker = await KafkaCompatBroker.StartAsync();
        using var client = await WireClient.Connect(broker);
        await Configure(client);
        Assert.Equal(ErrorCode.None, (await client.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(
            new()
            {
                Entries =
            {
                new() { Entity = { new() { EntityType = "user", EntityName = "tester" } }, Ops = { new() { Key = "producer_byte_rate", Value = 1000 } } },
            }
            }, 1))!.Entries[0].ErrorCode);
        Assert.Equal(("1", 1), await Remembered(client));
        using var fault = broker.Faults.OnAny().Watch();

        await broker.ResetAsync();

        Assert.Equal((null, 0), await Remembered(client));
        Assert.Equal(0, fault.Hits);
    }

    private static async Task Configure(WireClient client)
    {
        var request = new IncrementalAlterConfigsRequest
        {
            Resources = { new() { ResourceType = 4, ResourceName = "", Configs = { new() { Name = "log.cleaner.threads", Value = "1" } } } },
        };
        Assert.Equal(ErrorCode.None, (await client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, 1))!.Responses[0].ErrorCode);
    }

    private static async Task<(string? Setting, int Quotas)> Remembered(WireClient client)
    {
        var configs = await client.Ask<DescribeConfigsRequest, DescribeConfigsResponse>(
            new() { Resources = { new() { ResourceType = 4, ResourceName = "", ConfigurationKeys = null } } }, 4);
        var quotas = await client.Ask<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(new(), 1);
        return (configs!.Results[0].Configs.SingleOrDefault(static config => config.Name == "log.cleaner.threads")?.Value, quotas!.Entries!.Count);
    }

}
