using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>
/// What is wrong with the files of one partition concerns that partition: the node and all others go on, and one line says what one cause takes away.
/// </summary>
public sealed class DamagedPartitionTests : IDisposable
{
    private const int Many = 20;

    private readonly HookedFileStore _files = new(new ForgetfulFileStore(TimeProvider.System));
    private readonly RecordedLines _lines = new(LogLevel.Information);

    public static TheoryData<Exception> Failures { get; } =
        [new LogCorruptionException("partition.metadata is malformed."), new InvalidOperationException("nobody has thought of this"),
            new NotSupportedException()];

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task A_partition_that_cannot_be_opened_is_offline_alone(Exception failure)
    {
        await using var node = TestNode.Start(_files);
        _files.Before = (_, path) =>
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
        Assert.Equal(failure.Message.TrimEnd('.'), node.Broker.Partitions.Offline[new TopicPartition("bad", 1)].Reason);
    }

    /// <summary>Each names its own file, and all have one cause. Of what nobody foresaw a stack is shown, once; of files and of shortages none.</summary>
    [Theory]
    [InlineData("corrupt", false, "{0}/partition.metadata is malformed",
        "Partitions are offline, bad-0 the first of 20: {0}/partition.metadata is malformed. Others are served. Remove the cause, then restart the node. "
            + "The next start tries them again.")]
    [InlineData("shortage", false, "Too many open files",
        "Partitions are offline for lack of file descriptors, bad-0 the first of 20: Too many open files. Raise the limit (ulimit -n), or close connections. "
            + "They are tried again every 10 s.")]
    [InlineData("fault", true, "no room in {0}",
        "Partitions are offline, bad-0 the first of 20: no room in {0}. Others are served. Remove the cause, then restart the node. "
            + "The next start tries them again.")]
    public async Task One_cause_is_one_line(string kind, bool hasStack, string reason, string line)
    {
        await using var node = TestNode.Start(_files, logs: _lines);
        var isBroken = true;
        _files.Before = (operation, path) =>
        {
            if (!isBroken || operation != nameof(IFileStore.Open) || !path.StartsWith("/data/bad-", StringComparison.Ordinal)) return;
            var folder = Path.GetDirectoryName(path);
            throw kind switch
            {
                "corrupt" => new LogCorruptionException($"{folder}/partition.metadata is malformed."),
                "shortage" => HookedFileStore.TooManyOpenFiles(),
                _ => new InvalidOperationException($"no room in {folder}"),
            };
        };
        await node.CreateTopic("bad", Many);
        Assert.Equal(string.Format(null, line, "/data/bad-0"), Assert.Single(Errors()).Split('\n')[0]);
        Assert.Equal(hasStack, Errors()[0].Contains('\n'));
        Assert.Equal(Many, node.Broker.Partitions.Offline.Count);
        Assert.All(node.Broker.Partitions.Offline, offline => Assert.Equal(string.Format(null, reason, $"/data/{offline.Key}"), offline.Value.Reason));

        // Every step of the metadata tries again those that lack descriptors, and says nothing that it has said.
        await node.CreateTopic("another");
        Assert.Single(Errors());
        isBroken = false;
        await node.CreateTopic("third");
        Assert.Equal(kind == "shortage", node.Broker.Partitions.Offline.IsEmpty);
        Assert.Equal(
            kind == "shortage" ? ["Partitions that lacked file descriptors are in use again, bad-0 the first of 20."] : [],
            _lines.Lines.Where(static text => text.Contains("in use again", StringComparison.Ordinal)));
        Assert.Single(Errors());
    }

    /// <summary>The folders stay until the next start; the directory serves on.</summary>
    [Fact]
    public async Task Deleted_partitions_whose_folders_stay_are_one_line()
    {
        await using var node = TestNode.Start(_files, logs: _lines);
        await node.CreateTopic("gone", Many);
        _files.Before = static (operation, path) =>
        {
            if (operation == nameof(IFileStore.Rename) && path.StartsWith("/data/gone-", StringComparison.Ordinal)) throw HookedFileStore.TooManyOpenFiles();
        };
        await node.DeleteTopic("gone");
        Assert.Equal(
            ["The folders of deleted partitions could not be set aside, gone-0 the first of 20: Too many open files. The next start sets them aside."],
                Errors());
        _files.Before = null;
        await node.CreateTopic("gone", Many);
        Assert.Empty(node.Broker.Partitions.Offline);
    }

    public void Dispose() => _lines.Dispose();

    private List<string> Errors() =>
        [.. _lines.Lines.Where(static line => line.Contains("offline", StringComparison.Ordinal) || line.Contains("could not", StringComparison.Ordinal))];
}
