using KafkaCompat.Protocol;
using KafkaCompat.Storage;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>What is wrong with the files of one partition concerns that partition: the node and all others go on.</summary>
public sealed class DamagedPartitionTests
{
    public static TheoryData<Exception> Failures { get; } =
        [new LogCorruptionException("partition.metadata is malformed."), new InvalidOperationException("nobody has thought of this"), new NotSupportedException()];

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task A_partition_that_cannot_be_opened_is_offline_alone(Exception failure)
    {
        var files = new HookedFileStore(new ForgetfulFileStore(TimeProvider.System));
        await using var node = TestNode.Start(files);
        files.Before = (_, path) =>
        {
            if (path.Contains("/bad-1", StringComparison.Ordinal)) throw failure;
        };
        await node.CreateTopic("bad", 3);
        await node.CreateTopic("good");
        Assert.NotNull(node.Broker.Partitions.Find("bad", 0));
        Assert.NotNull(node.Broker.Partitions.Find("bad", 2));
        Assert.NotNull(node.Broker.Partitions.Find("good", 0));
        Assert.Null(node.Broker.Partitions.Find("bad", 1));
        Assert.Equal(ErrorCode.KafkaStorageError, node.Broker.Partitions.MissingError("bad", 1));
    }
}
