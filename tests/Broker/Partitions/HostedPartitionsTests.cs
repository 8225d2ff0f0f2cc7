using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>What broker 1 hosts, as the metadata of a cluster says.</summary>
public sealed class HostedPartitionsTests : IDisposable
{
    private static readonly Uuid TopicId = new(7, 9);

    private readonly ManualTime _time = new();
    private readonly HookedFileStore _files;
    private readonly LogDirectory _directory;
    private readonly PartitionTable _table = new();
    private readonly HostedPartitions _hosted;
    private readonly MetadataLoader _loader = new();
    private readonly TaskCompletionSource _isMaking = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _mayGoOn = new();
    private long _offset;

    public HostedPartitionsTests()
    {
        _files = new HookedFileStore(new ForgetfulFileStore(_time));
        _directory = LogDirectory.Open(new LogEnvironment(_files, _time, new Random(1)) { DiskThreads = new NamedThreads().Of("/data") }, "/data");
        var metadata = new BrokerMetadata(new DynamicBrokerConfig(TestNode.ConfigOf(), NullLogger.Instance), TestNode.ClusterId);
        var directories = new LogDirectories([_directory]);
        var opener = new PartitionOpener(directories, metadata, new LogSyncer(_time), _time, NullLogger.Instance);
        _hosted = new HostedPartitions(_table, opener, directories, metadata, _time, NullLogger.Instance);
    }

    public void Dispose()
    {
        _mayGoOn.Set();
        _directory.Dispose();
        _mayGoOn.Dispose();
    }

    /// <summary>A disk that does not answer makes the log of a replica that another broker has by then.</summary>
    [Fact]
    public async Task A_replica_that_is_taken_away_while_its_log_is_made_does_not_stay()
    {
        await Step();
        _files.Before = (_, path) =>
        {
            if (!path.StartsWith("/data/t-0/", StringComparison.Ordinal)) return;
            _isMaking.TrySetResult();
            _mayGoOn.Wait();
        };
        var making = Step(Topic("t", TopicId));
        await _isMaking.Task;
        _time.Advance(TimeSpan.FromMilliseconds(HostedPartitions.MaxWaitMs));
        await making;
        await Step(GivenTo(2));
        _mayGoOn.Set();
        await _hosted.WhenIdle(_directory);
        Assert.Null(_table.Find("t", 0));
        Assert.Equal(0, _directory.Count);
        Assert.False(_files.FolderExists("/data/t-0"));

        // It comes back.
        await Step(GivenTo(1));
        Assert.Equal("/data/t-0", _table.Find("t", 0)!.Log.Folder);
    }

    /// <summary>It comes back while the turn runs that is to delete what was made of it.</summary>
    [Fact]
    public async Task A_replica_that_comes_back_before_its_log_is_deleted_is_hosted()
    {
        await Step(Topic("u", new Uuid(7, 8)));
        var isDeleting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var mayDelete = new ManualResetEventSlim();
        _files.Before = (operation, path) =>
        {
            if (path.StartsWith("/data/t-0/", StringComparison.Ordinal))
            {
                _isMaking.TrySetResult();
                _mayGoOn.Wait();
            }
            else if (operation == nameof(IFileStore.Rename) && path == "/data/u-0")
            {
                isDeleting.TrySetResult();
                mayDelete.Wait();
            }
        };
        var making = Step(Topic("t", TopicId));
        await _isMaking.Task;
        _time.Advance(TimeSpan.FromMilliseconds(HostedPartitions.MaxWaitMs));
        await making;
        await Step(new RemoveTopicRecord { TopicId = new Uuid(7, 8) }, GivenTo(2));
        _mayGoOn.Set();
        await isDeleting.Task;
        Assert.Equal(1, _directory.Count);
        await Step(GivenTo(1));
        mayDelete.Set();
        await _hosted.WhenIdle(_directory);
        Assert.Equal("/data/t-0", _table.Find("t", 0)!.Log.Folder);
        Assert.Equal(1, _directory.Count);
    }

    private static IRecord[] Topic(string name, Uuid id) =>
    [
        new TopicRecord { Name = name, TopicId = id },
        new PartitionRecord { PartitionId = 0, TopicId = id, Replicas = [1], Isr = [1], Directories = [Uuid.Zero], Leader = 1 },
    ];

    /// <summary>Another broker has the replica, or this one again.</summary>
    private static PartitionChangeRecord GivenTo(int broker) =>
        new() { PartitionId = 0, TopicId = TopicId, Replicas = [broker], Isr = [broker], Directories = [Uuid.Zero], Leader = broker };

    private Task Step(params IRecord[] records)
    {
        foreach (var record in records) _loader.Apply(record);
        _offset += records.Length;
        return _hosted.OnMetadata(_loader.Publish(new MetadataProvenance(_offset, 1, 0))!).AsTask();
    }
}
