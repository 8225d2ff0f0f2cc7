using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>A folder of the metadata whose files a disk has changed: the right metadata, a repair that is told of, or an error that names the file.</summary>
public sealed class DamagedMetadataTests : IRecoveryListener
{
    private const string Root = "/data";
    private const string Folder = "/data/__cluster_metadata-0";
    private const string Log = Folder + "/00000000000000000000.log";
    private const string Bootstrap = Folder + "/00000000000000000000-0000000000.checkpoint";

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);
    private readonly List<LogRepair> _told = [];

    void IRecoveryListener.Repaired(LogRepair repair) => _told.Add(repair);

    void IRecoveryListener.Progressed(RecoveryProgress progress)
    {
    }

    /// <summary>Each byte of a snapshot, one bit of it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_flip_in_a_snapshot_makes_other_metadata(bool bootstrap)
    {
        await Fill();
        var path = bootstrap ? Bootstrap : $"{Folder}/{Newest().FileName}";
        if (bootstrap)
        {
            foreach (var entry in _files.List(Folder).Where(static entry => entry.Name.EndsWith(".checkpoint", StringComparison.Ordinal)).ToList())
                _files.Delete($"{Folder}/{entry.Name}");
            await using (await QuorumHost.Start("/other", _files))
            {
            }

            _files.WriteAtomically(path, _files.ReadAllBytes(Bootstrap.Replace(Root, "/other", StringComparison.Ordinal)));
        }

        var sound = _files.ReadAllBytes(path);
        var expected = Read();
        var random = new Random(20261129);
        var refused = 0;
        for (var i = 0; i < sound.Length; i++)
        {
            byte[] changed = [.. sound];
            changed[i] ^= (byte)(1 << random.Next(8));
            _files.WriteAtomically(path, changed);
            try
            {
                Assert.True(expected.AsSpan().SequenceEqual(Read()), $"byte {i} makes other metadata");
            }
            catch (QuorumStateException error)
            {
                Assert.Contains($"The snapshot {path} of the metadata is damaged", error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        // The offsets and epochs of a snapshot's batches, which no checksum covers, mean nothing.
        Assert.InRange(refused, sound.Length / 2, sound.Length - 1);
        for (var length = 0; length < sound.Length; length++)
        {
            _files.WriteAtomically(path, sound.AsSpan(0, length));
            Assert.Throws<QuorumStateException>(() => Read());
        }
    }

    /// <summary>Where an older snapshot and the log behind it say the same, the line says that the damaged one may go. It may.</summary>
    [Fact]
    public async Task An_older_snapshot_and_the_log_stand_in_for_a_damaged_one()
    {
        await Fill();
        var expected = Read();
        var newest = $"{Folder}/{Newest().FileName}";
        var bytes = _files.ReadAllBytes(newest);
        bytes[^20] ^= 1;
        _files.WriteAtomically(newest, bytes);
        var error = Assert.Throws<QuorumStateException>(() => Read());
        Assert.Contains("move the damaged file elsewhere and start again", error.Message, StringComparison.Ordinal);
        _files.Delete(newest);
        await using var host = await QuorumHost.Start(Root, _files);
        Assert.Equal(12, host.Node.Metadata.Image.Topics.Count);
        Assert.NotEmpty(expected);
    }

    /// <summary>The log's end was lost too: nothing is deleted in favour of a snapshot that cannot be read.</summary>
    [Fact]
    public async Task A_damaged_snapshot_replaces_no_log()
    {
        await Fill();
        var newest = $"{Folder}/{Newest().FileName}";
        var bytes = _files.ReadAllBytes(newest);
        bytes[^20] ^= 1;
        _files.WriteAtomically(newest, bytes);
        var log = _files.ReadAllBytes(Log)[..300];
        _files.WriteAtomically(Log, log);
        Assert.Throws<QuorumStateException>(() => Read());
        Assert.Contains(_files.List(Folder), static entry => entry.Name == Path.GetFileName(Log) && entry.Length > 0);
        Assert.DoesNotContain(_files.List(Folder), static entry => entry.Name.EndsWith(".deleted", StringComparison.Ordinal));
    }

    /// <summary>
    /// A batch in the middle of the log is damaged: as with Apache Kafka the log ends there. The topics behind it are in a file beside it, and the line names
    /// that.
    /// </summary>
    [Fact]
    public async Task What_a_damaged_batch_takes_from_the_log_is_kept()
    {
        await Fill(snapshots: false);
        var bytes = _files.ReadAllBytes(Log);
        var position = 0;
        while (position < bytes.Length / 2) position += 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(position + 8));
        bytes[position + 70] ^= 1;
        _files.WriteAtomically(Log, bytes);
        using (Open())
        {
        }

        var cut = Assert.Single(_told);
        Assert.Equal((RepairAct.LogCut, $"{Log}.cut-{position}"), (cut.Act, cut.KeptAs));
        Assert.Equal(bytes[position..], _files.ReadAllBytes(cut.KeptAs!));
        await using var host = await QuorumHost.Start(Root, _files);
        Assert.InRange(host.Node.Metadata.Image.Topics.Count, 1, 11);
        Assert.True(_files.FileExists(cut.KeptAs!));
    }

    /// <summary>A log may hold a batch of an older format; the metadata has none. Whoever reads it hears which log that is.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_batch_of_another_magic_is_refused_by_the_name_of_its_log(byte magic)
    {
        await Fill(snapshots: false);
        var bytes = _files.ReadAllBytes(Log);
        var position = 0;
        while (position < bytes.Length / 2) position += 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(position + 8));
        bytes[position + 16] = magic;
        _files.WriteAtomically(Log, bytes);
        var error = await Assert.ThrowsAsync<QuorumStateException>(() => QuorumHost.Start(Root, _files));
        Assert.Contains(Folder, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_quorum_state_that_is_missing_is_told_of_where_there_is_a_log(bool hasLog)
    {
        if (hasLog) await Fill(snapshots: false);
        _files.CreateFolder(Folder);
        _files.Delete($"{Folder}/quorum-state");
        using var log = Open();
        Assert.Null(log.ReadElectionState());
        Assert.Equal(hasLog ? [RepairAct.ElectionsForgotten] : [], _told.Select(static repair => repair.Act));
    }

    private async Task Fill(bool snapshots = true)
    {
        (string, string)[] settings = snapshots ? [("metadata.log.max.record.bytes.between.snapshots", "1500")] : [];
        await using var host = await QuorumHost.Start(Root, _files, settings: settings);
        for (var i = 0; i < 12; i++)
        {
            var request = new CreateTopicsRequest
            {
                Topics =
                [new CreateTopicsRequest.CreatableTopic { Name = $"topic-{i}", NumPartitions = 1, ReplicationFactor = -1 }]
            };
            Assert.Equal(ErrorCode.None, (await host.Ask(request)).Topics[0].ErrorCode);
        }
    }

    private SnapshotId Newest() => _files.List(Folder).Select(static entry => SnapshotId.TryParse(entry.Name, out var id) ? id : default).Max();

    private MetadataLog Open() => MetadataLog.Open(new LogEnvironment(_files, TimeProvider.System, new Random(1), new RecoveryWatch(TimeProvider.System, this)),
        Root, LogSettings.Default);

    /// <summary>What the newest snapshot says, in bytes of our own.</summary>
    private byte[] Read()
    {
        using var log = Open();
        using var buffer = new PooledBuffer();
        log.ReadLatestSnapshot()!.WriteTo(buffer, new SnapshotId(1, 1), 1);
        return buffer.WrittenSpan.ToArray();
    }
}
