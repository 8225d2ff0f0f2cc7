using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>
/// A directory of a few small logs, as its files were when it was closed, or when the process was killed after all was synced, and what each of its logs holds.
/// </summary>
internal sealed class SmallDirectory
{
    public const string Root = "/data";

    /// <summary>An entry for nearly every batch.</summary>
    public static readonly LogSettings Settings = LogSettings.Default with { IndexIntervalBytes = 100 };

    private static readonly Uuid s_topicId = new(7, 9);
    private static readonly HashSet<string> s_names = ["plain", "moved", "transactional"];

    private readonly Dictionary<string, byte[]> _files = [];

    public FixedClock Clock { get; } = new(Batches.StartMs + 60_000);

    public IReadOnlyDictionary<string, byte[]> Files => _files;

    public Dictionary<TopicPartition, LogContent> Contents { get; } = [];

    public static bool IsKnown(TopicPartition partition, Uuid? topicId) => topicId == s_topicId || !s_names.Contains(partition.Topic);

    /// <summary>Made here: plain batches, idempotent producers, transactions of both ends, old messages before new ones.</summary>
    public static async Task<SmallDirectory> Make(bool closeCleanly)
    {
        var made = new SmallDirectory();
        var files = new ForgetfulFileStore(made.Clock);
        files.CreateFolder(Root);
        var directory = Open(files, made.Clock, IRecoveryListener.None);
        await directory.LoadAll(IsKnown, static _ => Settings);
        Fill(directory.Create(new TopicPartition("plain", 0), s_topicId, Settings), FillPlain);
        Fill(directory.Create(new TopicPartition("moved", 0), s_topicId, Settings), static log =>
        {
            FillPlain(log);
            _ = log.AdvanceLogStart(7);
        });
        Fill(directory.Create(new TopicPartition("transactional", 0), s_topicId, Settings), FillTransactional);
        made.Describe(directory);
        if (closeCleanly)
        {
            await directory.CloseCleanly(5, new Dictionary<TopicPartition, long> { [new TopicPartition("plain", 0)] = 24 });
        }
        else
        {
            foreach (var log in directory.Logs)
                log.Sync();
            directory.WriteRecoveryPoints();
            directory.WriteLogStarts();
            directory.Dispose();
        }
        made.Take(files, Root);
        return made;
    }

    /// <summary>One log of an archive, as Apache Kafka left it.</summary>
    public static async Task<SmallDirectory> Of(string folder, bool clean)
    {
        var made = new SmallDirectory();
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            made._files[$"{Root}/{Path.GetFileName(folder)}/{Path.GetFileName(path)}"] =
                await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        }
        _ = TopicPartition.TryParseFolder(Path.GetFileName(folder), out var partition, out _);
        var line = $"{partition.Topic} {partition.Partition} ";
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(folder)!, "*-offset-checkpoint"))
        {
            // The lines of other partitions have no part in this.
            string[] lines = [.. (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken)).Skip(2)
                .Where(entry => entry.StartsWith(line, StringComparison.Ordinal))];
            made._files[$"{Root}/{Path.GetFileName(path)}"] = Encoding.ASCII.GetBytes(string.Join('\n', ["0", $"{lines.Length}", .. lines, ""]));
        }
        if (clean)
            made._files[$"{Root}/{LogDirectory.CleanMarkerName}"] = Encoding.ASCII.GetBytes("""{"version":0,"brokerEpoch":5}""");
        var directory = Open(made.Store(), made.Clock, IRecoveryListener.None);
        await directory.LoadAll(IsKnown, static _ => Settings);
        made.Describe(directory);
        directory.Dispose();
        return made;
    }

    /// <summary>The files in a store of their own, one of them with other bytes.</summary>
    public ForgetfulFileStore Store(string? changed = null, byte[]? bytes = null)
    {
        var store = new ForgetfulFileStore(Clock);
        store.CreateFolder(Root);
        foreach ((var path, var content) in _files)
        {
            var folder = Path.GetDirectoryName(path)!;
            if (!store.FolderExists(folder))
                store.CreateFolder(folder);
            using var file = store.Open(path, FileOpening.OpenOrCreate);
            file.Write(0, path == changed ? bytes! : content);
        }
        return store;
    }

    public static LogDirectory Open(IFileStore files, FixedClock clock, IRecoveryListener listener) =>
        LogDirectory.Open(new LogEnvironment(files, clock, new Random(1), new RecoveryWatch(clock, listener)), Root);

    private static void Fill(PartitionLog log, Action<PartitionLog> fill)
    {
        log.Epochs.Assign(0, 0);
        fill(log);
    }

    private static void FillPlain(PartitionLog log)
    {
        for (var i = 0; log.LogEndOffset < 24; i++)
        {
            if (i is 4 or 8)
                log.Roll();
            _ = log.Append(Batches.Plain(log.LogEndOffset, records: 1 + i % 4, timestamp: Batches.StartMs + i * 10));
        }
    }

    private static void FillTransactional(PartitionLog log)
    {
        var sequences = new int[3];
        for (var i = 0; i < 4; i++)
        {
            if (i == 2)
                log.Roll();
            for (var producer = 0; producer < 3; producer++)
            {
                var records = 1 + (i + producer) % 2;
                _ = log.Append(
                    Batches.Produced(log.LogEndOffset, producer + 1, 0, sequences[producer], records, transactional: producer > 0, timestamp: Batches.StartMs
                        + i * 10 + producer));
                sequences[producer] += records;
            }
            _ = log.Append(Batches.Marker(log.LogEndOffset, 2, 0, commit: i % 2 == 0, timestamp: Batches.StartMs + i * 10 + 5));
            if (i > 0)
                _ = log.Append(Batches.Marker(log.LogEndOffset, 3, 0, commit: i == 2, timestamp: Batches.StartMs + i * 10 + 6));
        }
        log.Producers.OnHighWatermark(log.LogEndOffset);
    }

    private void Describe(LogDirectory directory)
    {
        foreach (var log in directory.Logs)
            Contents[log.Partition] = LogContent.Read(log);
    }

    private void Take(ForgetfulFileStore files, string folder)
    {
        foreach (var entry in files.List(folder))
        {
            var path = $"{folder}/{entry.Name}";
            if (entry.IsFolder)
                Take(files, path);
            else if (entry.Name != LogDirectory.LockFileName)
                _files[path] = files.ReadAllBytes(path);
        }
    }
}
