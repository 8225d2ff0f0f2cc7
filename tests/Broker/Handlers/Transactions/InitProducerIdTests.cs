using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Idempotent producers are given an id of their own; transactions are not served yet.</summary>
public sealed class InitProducerIdTests
{
    [Fact]
    public async Task Each_producer_is_given_an_id_of_its_own_with_epoch_0_in_any_version()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var given = new List<long>();
        for (short version = 0; version <= 5; version++)
        {
            var response = await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = null }, version);
            Assert.Equal((ErrorCode.None, 0), (response.ErrorCode, response.ProducerEpoch));
            given.Add(response.ProducerId);
        }
        Assert.Equal(6, given.Distinct().Count());
        // With it a producer writes each batch once.
        _ = await node.CreateTopic("t");
        for (var i = 0; i < 2; i++) Assert.Equal(0, await Records.Send(client, "t", Records.Batch(producerId: given[0], epoch: 0, sequence: 0)));
    }

    [Theory]
    [InlineData(-1, -1, ErrorCode.None)]
    [InlineData(-2, -1, ErrorCode.InvalidRequest)]
    [InlineData(-1, -2, ErrorCode.InvalidRequest)]
    public async Task A_producer_id_has_an_epoch(long producerId, short epoch, ErrorCode expected)
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var response = await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(
            new() { TransactionalId = null, ProducerId = producerId, ProducerEpoch = epoch }, 4);
        Assert.Equal(expected, response.ErrorCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_transactional_id_is_refused_and_named_in_the_log_once(short version)
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        for (var i = 0; i < 2; i++)
        {
            var begun = await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = "tx", TransactionTimeoutMs = 1000 }, version);
            Assert.Equal((ErrorCode.TransactionalIdAuthorizationFailed, -1L, (short)-1), (begun.ErrorCode, begun.ProducerId, begun.ProducerEpoch));
        }
        Assert.Contains("asked for transactions", Assert.Single(log.Warnings), StringComparison.Ordinal);
        var nameless = await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = "" }, version);
        Assert.Equal((ErrorCode.InvalidRequest, -1), (nameless.ErrorCode, nameless.ProducerId));
    }

    /// <summary>Whoever may write to any topic may do it idempotently (KIP-679).</summary>
    [Fact]
    public async Task An_id_is_for_who_may_write_idempotently_or_write_at_all()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.Operation == AclOperation.IdempotentWrite;
        Assert.Equal(ErrorCode.None, (await node.Client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = null }, 5)).ErrorCode);
        node.Rules.Denies = static _ => true;
        Assert.Equal(ErrorCode.ClusterAuthorizationFailed,
            (await node.Client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = null }, 5)).ErrorCode);
        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed,
            (await node.Client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = "tx" }, 5)).ErrorCode);
    }
}
