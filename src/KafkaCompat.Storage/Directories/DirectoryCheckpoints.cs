using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;

namespace KafkaCompat.Storage.Directories;

/// <summary>
/// The checkpoint files of one log directory. They know partitions by name, and a name outlives its partition: a line that stayed would be taken for
/// what it says of the next partition of that name, whose records would be deleted, hidden or not recovered. So every file forgets a partition before
/// its name is used again.
/// </summary>
/// <remarks>
/// A file is computed and written under one lock, so that no background task writes down what it saw of a partition that was forgotten meanwhile.
/// What it is computed of must not hold a deleted partition any more when that is forgotten.
/// </remarks>
internal sealed class DirectoryCheckpoints(LogEnvironment environment, string directory)
{
    private static readonly string[] s_names =
        [OffsetCheckpoint.RecoveryPoints, OffsetCheckpoint.LogStarts, OffsetCheckpoint.HighWatermarks, OffsetCheckpoint.Cleaner];

    private readonly Lock _gate = new();

    /// <summary>What each file says, as far as it was read or written.</summary>
    private readonly Dictionary<string, IReadOnlyDictionary<TopicPartition, long>> _content = new(StringComparer.Ordinal);

    /// <summary>A file was put in place and the folder not synced for it.</summary>
    private bool _isNameUnsynced;

    /// <summary>
    /// A log and the future one that is to replace it can lie in one directory, and share a line: by the smaller offset too much is checked or kept, and
    /// nothing lost.
    /// </summary>
    public static Dictionary<TopicPartition, long> Smallest(IEnumerable<PartitionLog> logs, Func<PartitionLog, long> offset) =>
        logs.GroupBy(static log => log.Partition).ToDictionary(static same => same.Key, same => same.Min(offset));

    /// <summary>What a file says. Throws <see cref="LogCorruptionException"/> where it is damaged.</summary>
    public Dictionary<TopicPartition, long> Read(string name)
    {
        lock (_gate)
        {
            var offsets = OffsetCheckpoint.Read(environment.Files, PathOf(name));
            _content[name] = offsets;
            return offsets;
        }
    }

    /// <summary>Rewrites a file, with what <paramref name="offsets"/> gives under the lock.</summary>
    public void Write(string name, Func<IReadOnlyDictionary<TopicPartition, long>> offsets)
    {
        lock (_gate)
        {
            var content = offsets();
            // Not known until it is written: a failure leaves the old file or the new one.
            _ = _content.Remove(name);
            OffsetCheckpoint.Write(environment.Files, PathOf(name), content);
            _content[name] = content;
        }
    }

    /// <summary>
    /// Takes partitions out of every file that names one, and makes that durable. With <paramref name="syncFolder"/> the folder is synced in any case, for what
    /// the caller renamed in it.
    /// </summary>
    public void Forget(IReadOnlyCollection<TopicPartition> partitions, bool syncFolder = false)
    {
        lock (_gate)
        {
            foreach (var name in s_names)
            {
                var content = Content(name);
                if (content is not null && !partitions.Any(content.ContainsKey))
                    continue;
                HashSet<TopicPartition> forgotten = [.. partitions];
                var rest = content?.Where(line => !forgotten.Contains(line.Key)).ToDictionary() ?? [];
                _ = _content.Remove(name);
                _isNameUnsynced = true;
                OffsetCheckpoint.Write(environment.Files, PathOf(name), rest, syncFolder: false);
                _content[name] = rest;
            }
            if (!_isNameUnsynced && !syncFolder)
                return;
            environment.Files.SyncFolder(directory);
            _isNameUnsynced = false;
        }
    }

    /// <summary>What a file says; null where it is damaged, so that nobody knows whom it names.</summary>
    private IReadOnlyDictionary<TopicPartition, long>? Content(string name)
    {
        if (_content.TryGetValue(name, out var content))
            return content;
        try
        {
            return _content[name] = OffsetCheckpoint.Read(environment.Files, PathOf(name));
        }
        catch (LogCorruptionException)
        {
            return null;
        }
    }

    private string PathOf(string name) => Path.Combine(directory, name);
}
