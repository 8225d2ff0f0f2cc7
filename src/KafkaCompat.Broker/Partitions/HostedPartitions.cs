using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes the partitions of this node what the metadata says: opens and creates logs, hands leadership on, takes deleted
/// partitions out of service, applies changed configs.
/// </summary>
/// <remarks>
/// What touches no disk is done when the metadata says it: a deleted partition is found by nobody from then on. The rest is each directory's own
/// (<see cref="DirectoryWork"/>), and a step of the metadata waits for all of them, but for a disk that does not answer no longer than
/// <see cref="MaxWaitMs"/>: the others, and whoever changes the metadata, go on without it until it has caught up.
/// </remarks>
internal sealed class HostedPartitions : IMetadataListener
{
    /// <summary>How long a step of the metadata waits for one directory.</summary>
    public const int MaxWaitMs = 5_000;

    private readonly PartitionTable _table;
    private readonly PartitionOpener _opener;
    private readonly LogDirectories _directories;
    private readonly BrokerMetadata _metadata;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DirectoryWork[] _works;

    /// <summary>Held while the image changes, and while a partition that was opened by one comes into the table; never over a file.</summary>
    private readonly Lock _imageLock = new();

    private volatile MetadataImage _image = MetadataImage.Empty;
    private bool _hasStarted;

    /// <summary>Where the logs of partitions are to be made that are not made yet.</summary>
    private readonly ConcurrentDictionary<TopicPartition, PlacedLog> _placed = new();

    /// <summary>
    /// Partitions that were refused although a sound disk can have them: for lack of descriptors, or because the directory failed that was to make the log.
    /// They are tried again with each step.
    /// </summary>
    private readonly Dictionary<TopicPartition, Uuid> _refused = [];

    /// <summary>Of partitions that have no directory here.</summary>
    private readonly OfflineCauses _offline;

    public HostedPartitions(
        PartitionTable table, PartitionOpener opener, LogDirectories directories, BrokerMetadata metadata, TimeProvider time, ILogger logger)
    {
        _table = table;
        _opener = opener;
        _directories = directories;
        _metadata = metadata;
        _time = time;
        _logger = logger;
        _offline = new OfflineCauses(table, logger);
        _works = [.. directories.All.Select(directory => new DirectoryWork(directory, table, logger, TakeTurn))];
        table.IsKnown = (topic, index) => _image.FindPartition(topic, index) is not null;
    }

    /// <summary>Whether partitions wait for another step to be tried again, or to be heard of by those who come after this.</summary>
    public bool HasRefused
    {
        get { lock (_refused) return _refused.Count > 0 || _works.Any(static work => work.IsBehind && work.Done.IsCompleted); }
    }

    /// <summary>Done when nothing of what the metadata has asked is done in a directory any more.</summary>
    public Task WhenIdle(LogDirectory directory) => WorkOf(directory).Done;

    public async ValueTask OnMetadata(MetadataStep step)
    {
        lock (_imageLock) _image = step.Image;
        await LookAtThoseBehind();
        Delete([.. step.Delta.DeletedTopics.SelectMany(
            static topic => topic.Partitions.Keys, static (topic, index) => new TopicPartition(topic.Name, index))]);
        TryAgain(step.Image);
        foreach (var change in step.Delta.ChangedTopics.Values)
        {
            foreach (var index in change.ChangedPartitions) Change(new TopicPartition(change.Name, index), change.Id, change[index], isRetried: false);
        }
        foreach (var resource in step.Delta.ChangedConfigs) Configure(step.Image, resource);
        _offline.Log();
        foreach (var work in _works) work.Begin();
        await Wait();
    }

    private async Task LookAtThoseBehind()
    {
        foreach (var work in _works)
        {
            if (!work.Done.IsCompleted) continue;
            await work.Done;
            if (work.IsBehind) PartitionLogMessages.DirectoryCaughtUp(_logger, work.Directory.Path);
            work.IsBehind = false;
        }
    }

    private async Task Wait()
    {
        var all = Task.WhenAll(_works.Where(static work => !work.IsBehind).Select(static work => work.Done));
        // A start has nothing to go on to before its logs are open, however many they are.
        if (_hasStarted && !all.IsCompleted)
        {
            using var isOver = new CancellationTokenSource();
            _ = await Task.WhenAny(all, Task.Delay(TimeSpan.FromMilliseconds(MaxWaitMs), _time, isOver.Token));
            isOver.Cancel();
        }
        else
        {
            await all;
        }
        _hasStarted = true;
        foreach (var work in _works)
        {
            if (work.Done.IsCompleted) await work.Done;
            else if (!work.IsBehind) PartitionLogMessages.DirectoryBehind(_logger, work.Directory.Path, MaxWaitMs);
            work.IsBehind |= !work.Done.IsCompleted;
        }
    }

    private void TryAgain(MetadataImage image)
    {
        List<KeyValuePair<TopicPartition, Uuid>> refused;
        lock (_refused)
        {
            refused = [.. _refused];
            _refused.Clear();
        }
        foreach (var (key, topicId) in refused)
        {
            if (image.FindTopic(key.Topic) is not { } topic || topic.Id != topicId
                || !topic.Partitions.TryGetValue(key.Partition, out var registration))
            {
                continue;
            }

            Change(key, topicId, registration, isRetried: true);
        }
    }

    /// <summary>A partition is new, or its replicas or its leader have changed: the directory that has it, or is to have it, looks at it.</summary>
    private void Change(TopicPartition key, Uuid topicId, PartitionRegistration registration, bool isRetried)
    {
        RequireSound();
        var partition = _table.Find(key.Topic, key.Partition);
        if (!registration.Replicas.Contains(_metadata.NodeId))
        {
            // Its log may be there without it: a disk that is behind has yet to make it, or to open it.
            if (partition is not null || _table.Offline.ContainsKey(key) || HomeOf(key, topicId) is not null) Delete(key);
            return;
        }
        if (partition is not null && partition.TopicId != topicId) Delete(key);
        if (HomeOf(key, topicId) is { } home) home.Add(turn => turn.Change(key, isRetried, _image));
        else if (_opener.WhyOffline(topicId, key.Partition, registration) is { } reason) _offline.Add(key, topicId, reason);
        else if (PlaceFor(key, registration) is { } work) Place(work, key, topicId, isRetried);
        else _offline.Add(key, topicId, new KafkaStorageException($"Cannot create the log of {key}: every log directory has failed."));
    }

    /// <summary>The directory that has a partition's log, or is to make it; null where none is.</summary>
    private DirectoryWork? HomeOf(TopicPartition key, Uuid topicId)
    {
        if (_placed.TryGetValue(key, out var placed)) return placed.Work;
        foreach (var work in _works)
        {
            // Asked first: in one that is idle no log comes or goes meanwhile.
            var isAtWork = !work.Done.IsCompleted;
            if (work.IsToDelete(key) || work.Directory.Find(key) is not { } log) continue;
            // One that was behind may just have made the log of a topic that is gone, and is about to delete it.
            if (isAtWork && log.TopicId is { } found && found != topicId) continue;
            return work;
        }
        return null;
    }

    /// <summary>Chooses where a new log is made: not on a disk that is behind, if there is another.</summary>
    private DirectoryWork? PlaceFor(TopicPartition key, PartitionRegistration registration)
    {
        return _directories.PlaceFor(key, _opener.AssignedDirectory(registration), Weight) is { } directory ? WorkOf(directory) : null;

        long Weight(LogDirectory directory) => directory.Count + WorkOf(directory).Placed + (WorkOf(directory).IsBehind ? int.MaxValue : 0L);
    }

    private void Place(DirectoryWork work, TopicPartition key, Uuid topicId, bool isRetried)
    {
        work.Place(1);
        work.Add(turn =>
        {
            _placed[key] = new PlacedLog(work, turn, topicId);
            turn.Change(key, isRetried, _image);
        });
    }

    /// <summary>Nobody finds the partitions from here on, or waits at one; each directory sets their folders aside.</summary>
    private void Delete(params IReadOnlyCollection<TopicPartition> keys)
    {
        if (keys.Count == 0) return;
        foreach (var key in keys)
        {
            _ = _table.Offline.TryRemove(key, out _);
            lock (_refused) _ = _refused.Remove(key);
            _opener.Forget(key);
            if (_placed.TryRemove(key, out var placed)) placed.Work.Place(-1);
            if (_table.Remove(key.Topic, key.Partition) is not { } partition) continue;
            // The disk may keep the closing waiting; who waits for bytes or an acknowledgement does not wait for that.
            partition.EndWaits(_table.MissingError(key.Topic, key.Partition));
            WorkOf(partition).Add(turn => turn.Closed.Add(partition));
        }
        foreach (var work in _works)
        {
            // One that is at work may make such a log at this moment.
            var isIdle = work.Done.IsCompleted;
            if (work.Directory.TakeOut(keys) is { } rest) work.Add(turn => turn.TakenOut.Add(new TakenOutLogs(keys, rest)));
            if (!isIdle) work.Add(turn => turn.Deleted.UnionWith(keys));
            RequireGone(keys, isIdle ? work.Directory : null);
        }
    }

    /// <summary>Nobody serves what is to be deleted, or finds it in a directory where nothing is made at this moment.</summary>
    private void RequireGone(IReadOnlyCollection<TopicPartition> keys, LogDirectory? idle)
    {
        foreach (var key in keys)
            Invariant.Holds(_table.Find(key.Topic, key.Partition) is null && idle?.Find(key) is null, $"{key} was deleted and is hosted");
    }

    private void Configure(MetadataImage image, ConfigResource resource)
    {
        if (_metadata.Settings.Concerns(resource))
        {
            // A topic's settings stand over the broker's, so any topic may have got another value.
            foreach (var each in image.Topics.Values) Configure(each);
        }
        else if (resource.Type == ConfigResourceType.Topic && image.FindTopic(resource.Name) is { } topic)
        {
            Configure(topic);
        }
    }

    private void Configure(TopicImage topic)
    {
        foreach (var work in _works)
        {
            // One that is at work may open a partition at this moment, with the settings of an earlier image. Asked first: what it has opened is in the table.
            var isAtWork = !work.Done.IsCompleted;
            List<TopicPartition> here = [.. topic.Partitions.Keys.Select(index => new TopicPartition(topic.Name, index))
                .Where(key => isAtWork || Find(work, key) is not null)];
            if (here.Count > 0) work.Add(turn => turn.Configured.UnionWith(here));
        }
    }

    /// <summary>A partition whose log lies in a directory.</summary>
    private Partition? Find(DirectoryWork work, TopicPartition key) =>
        _table.Find(key.Topic, key.Partition) is { } partition && partition.Log.Health == work.Directory.Health ? partition : null;

    /// <summary>Folders are made, opened, renamed and synced: no thread that answers requests waits for that.</summary>
    private async Task TakeTurn(DirectoryWork work, DirectoryTurn turn)
    {
        var threads = work.Directory.Environment.DiskThreads;
        if (turn.HasDeletions) await threads.Run(() => Finish(work, turn));
        work.HaveDeleted();
        var changed = ChangesOf(turn);
        await _opener.CreateLogs(work.Directory, [.. changed.Where(each => !each.IsRetried && IsPlaced(work, turn, each))]);
        await threads.Run(() => Apply(work, turn, changed));
    }

    /// <summary>What the turn's image says of partitions that have changed. Those that were deleted since are nobody's affair here.</summary>
    private List<ChangedPartition> ChangesOf(DirectoryTurn turn)
    {
        var image = turn.Image;
        var changes = new List<ChangedPartition>();
        var topics = new Dictionary<string, HostedTopic>(StringComparer.Ordinal);
        foreach (var (key, isRetried) in turn.Changed.OrderByDescending(static change => change.Value))
        {
            if (image.FindTopic(key.Topic) is not { } found || !found.Partitions.TryGetValue(key.Partition, out var registration)) continue;
            if (!registration.Replicas.Contains(_metadata.NodeId)) continue;
            if (!topics.TryGetValue(key.Topic, out var topic)) topics.Add(key.Topic, topic = new HostedTopic(_metadata, image, key.Topic, found.Id));
            changes.Add(new ChangedPartition(topic, key, registration, isRetried));
        }
        return changes;
    }

    private bool IsPlaced(DirectoryWork work, DirectoryTurn turn, in ChangedPartition changed) =>
        _placed.GetValueOrDefault(changed.Key) == new PlacedLog(work, turn, changed.Topic.Id);

    private void Finish(DirectoryWork work, DirectoryTurn turn)
    {
        foreach (var partition in turn.Closed) partition.Close();
        foreach (var taken in turn.TakenOut) Try(taken.Partitions, taken.Finish);
        foreach (var key in turn.Deleted) Invariant.Holds(Find(work, key) is null, $"what was made of {key} is to be deleted and is hosted");
        if (turn.Deleted.Count > 0) Try(turn.Deleted, () => work.Directory.Delete(turn.Deleted));

        void Try(IReadOnlyCollection<TopicPartition> keys, Action delete)
        {
            try
            {
                delete();
            }
            catch (Exception e) when (FatalFaults.MayBeSwallowed(e))
            {
                // What is left of them is set aside when their names are used again, or with the next start. Of a directory that fails over it one line tells
                // already.
                if (e is not KafkaStorageException || OfflineCauses.IsShortage(e))
                    PartitionLogMessages.NotDeleted(_logger, OfflineCauses.IsForeseen(e) ? null : e, keys.Count, keys.First(), e.Message.TrimEnd('.'));
            }
        }
    }

    private void Apply(DirectoryWork work, DirectoryTurn turn, List<ChangedPartition> changed)
    {
        var healed = new List<TopicPartition>();
        foreach (var each in changed)
        {
            var key = each.Key;
            // In this order: what is deleted loses its place first, then its log.
            var log = work.Directory.Find(key);
            if (log is null && !IsPlaced(work, turn, each)) continue;
            var isRefused = Apply(work, log, each);
            if (_placed.TryRemove(new(key, new PlacedLog(work, turn, each.Topic.Id)))) work.Place(-1);
            // Behind its place: a step that tries it again is to find no place for it.
            if (isRefused) Refuse(key, each.Topic.Id);
            if (each.IsRetried && _table.Find(key.Topic, key.Partition) is not null) healed.Add(key);
        }
        if (healed.Count > 0) PartitionLogMessages.Healed(_logger, healed.Count, healed[0]);
        foreach (var topic in turn.Configured.GroupBy(static key => key.Topic))
        {
            var config = _metadata.TopicConfigOf(_image, topic.Key);
            foreach (var key in topic) Find(work, key)?.ApplyConfig(config);
        }
        work.Offline.Log();
    }

    /// <param name="work">The directory.</param>
    /// <param name="log">The partition's log in it; null where it is to be made.</param>
    /// <param name="changed">What the turn's image says.</param>
    /// <returns>Whether it is to be tried again.</returns>
    private bool Apply(DirectoryWork work, PartitionLog? log, in ChangedPartition changed)
    {
        // While the node starts somebody may want it to end, and of partitions there may be thousands.
        _directories.Recovery.ThrowIfStopped();
        RequireSound();
        var (topic, key, registration, _) = changed;
        var partition = _table.Find(key.Topic, key.Partition);
        // While a disk kept this waiting the partition was deleted, and made again elsewhere.
        if (partition is not null && (partition.TopicId != topic.Id || partition.Log.Health != work.Directory.Health)) return false;
        if (partition is not null && partition.Log.Health.IsFailed)
        {
            GoOffline(work, changed, $"the log directory {work.Directory.Path} has failed");
            GiveUp(partition);
            return false;
        }
        if (partition is null && log is null && _opener.WhyOffline(topic.Id, key.Partition, registration) is { } reason)
        {
            GoOffline(work, changed, reason);
            return false;
        }
        try
        {
            if (partition is null)
            {
                partition = _opener.Open(work.Directory, log, changed);
                if (!Publish(work, partition)) return false;
            }
            partition.Apply(registration, _metadata.NodeId);
            lock (_imageLock)
            {
                if (IsHere(key, topic.Id)) _ = _table.Offline.TryRemove(key, out _);
            }
            return false;
        }
        catch (Exception e) when (e is not OperationCanceledException && FatalFaults.MayBeSwallowed(e))
        {
            // Whatever it is, it concerns this partition: the node and all others go on. A directory that has failed is logged once for all.
            var why = e is KafkaStorageException ? _opener.WhyOffline(topic.Id, key.Partition, registration) : null;
            GoOffline(work, changed, why, e);
            if (partition is not null) GiveUp(partition);
            // A log that a directory failed over before it was made can be made in another one.
            return OfflineCauses.IsShortage(e) || (why is null && work.Directory.Health.IsFailed && work.Directory.Find(key) is null);
        }
    }

    /// <summary>Whoever asks hears why, and not of another leader, as there is none. Of a topic that was deleted meanwhile nobody is told.</summary>
    private void GoOffline(DirectoryWork work, in ChangedPartition changed, string? reason, Exception? failure = null)
    {
        var (key, topicId) = (changed.Key, changed.Topic.Id);
        lock (_imageLock)
        {
            if (!IsHere(key, topicId)) return;
            if (reason is not null) work.Offline.Add(key, topicId, reason);
            else if (failure is not null) work.Offline.Add(key, topicId, failure);
        }
    }

    private void Refuse(TopicPartition key, Uuid topicId)
    {
        lock (_imageLock)
        {
            if (IsHere(key, topicId)) lock (_refused) _refused[key] = topicId;
        }
    }

    private void GiveUp(Partition partition)
    {
        _table.Remove(partition);
        partition.Close();
    }

    /// <summary>Whether the newest image has a partition of a topic on this node.</summary>
    private bool IsHere(TopicPartition key, Uuid topicId) =>
        _image.FindTopic(key.Topic) is { } topic && topic.Id == topicId
        && topic.Partitions.TryGetValue(key.Partition, out var registration) && registration.Replicas.Contains(_metadata.NodeId);

    /// <summary>
    /// Puts a partition into the table. Not where it was taken from this node while a disk kept it waiting: another of its name may be there by now, and its
    /// log goes with the directory's next turn.
    /// </summary>
    private bool Publish(DirectoryWork work, Partition partition)
    {
        var key = partition.Log.Partition;
        lock (_imageLock)
        {
            if (IsHere(key, partition.TopicId) && !work.IsToDelete(key))
            {
                _table.Add(partition);
                return true;
            }
        }
        partition.Close();
        return false;
    }

    /// <summary>Where a directory has failed of a broken invariant the node ends: no partition is opened or given up for it.</summary>
    private void RequireSound()
    {
        foreach (var directory in _directories.All)
        {
            if (directory.Health.Cause is { } cause && InvariantException.In(cause) is { } broken) ExceptionDispatchInfo.Throw(broken);
        }
    }

    private DirectoryWork WorkOf(LogDirectory directory) => Array.Find(_works, work => work.Directory == directory)!;

    private DirectoryWork WorkOf(Partition partition) => Array.Find(_works, work => work.Directory.Health == partition.Log.Health)!;
}
