using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>Requests to the controller that allow it no time.</summary>
public sealed class OutOfTimeTests
{
    [Fact]
    public async Task Each_version_of_each_request_is_answered_that_its_time_is_over()
    {
        await using var node = await SocketNode.Start();
        var client = node.Connect();
        for (short version = 0; version <= 2; version++)
        {
            var elected = await client.Ask<ElectLeadersRequest, ElectLeadersResponse>(
                new() { TimeoutMs = 0, TopicPartitions = [new() { Topic = "t", Partitions = [0] }] }, version);
            Assert.Equal(ErrorCode.RequestTimedOut, elected.ReplicaElectionResults[0].PartitionResult[0].ErrorCode);
            Assert.Equal(version == 0 ? ErrorCode.None : ErrorCode.RequestTimedOut, elected.ErrorCode);
        }

        for (short version = 0; version <= 1; version++)
        {
            var moved = await client.Ask<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
                new() { TimeoutMs = 0, Topics = { new() { Name = "t", Partitions = { new() { Replicas = [1] } } } } }, version);
            Assert.Equal(ErrorCode.RequestTimedOut, moved.Responses[0].Partitions[0].ErrorCode);
        }

        for (short version = 0; version <= 3; version++)
        {
            var added = await client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(
                new() { TimeoutMs = 0, Topics = { new() { Name = "t", Count = 2 } } }, version);
            Assert.Equal(ErrorCode.RequestTimedOut, added.Results[0].ErrorCode);
        }

        for (short version = 2; version <= 7; version++)
        {
            var made = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
                new() { TimeoutMs = 0, Topics = { new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 } } }, version);
            Assert.Equal(ErrorCode.RequestTimedOut, made.Topics[0].ErrorCode);
        }

        for (short version = 1; version <= 5; version++)
        {
            var deleted = await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { TimeoutMs = 0, TopicNames = { "t" } }, version);
            Assert.Equal(ErrorCode.RequestTimedOut, deleted.Responses[0].ErrorCode);
        }
    }
}
