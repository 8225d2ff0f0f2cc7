using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// Reports to the controller in which of several log directories the broker has put each replica, so that the loss of one costs no other partition its leader.
/// What waits is sent together, one request at a time; a partition waits once, with its newest directory, so that partitions bound the queue.
/// </summary>
public sealed class DirectoryAssignments(IControllerChannel controller, int brokerId, Func<long> brokerEpoch, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>Partitions in one request.</summary>
    private const int MaxPerRequest = 2_250;

    private const int RetryMs = 500;

    private readonly Dictionary<(Uuid Topic, int Partition), Uuid> _waiting = [];
    private readonly AsyncAutoResetEvent _added = new();
    private readonly BackgroundTask _task = new();

    /// <summary>What ends the node.</summary>
    public FatalFaults Faults { get; init; } = new();

    /// <summary>A replica is in another directory than the metadata says.</summary>
    public void Add(Uuid topicId, int partition, Uuid directory)
    {
        lock (_waiting)
        {
            _waiting[(topicId, partition)] = directory;
        }
        _added.Set();
    }

    public void Start() => _task.Start(Run);

    public ValueTask DisposeAsync() => _task.DisposeAsync();

    private async Task Run(CancellationToken stop)
    {
        while (await _added.WaitAsync(stop))
        {
            while (Take() is { Count: > 0 } batch)
            {
                if (await Send(batch)) continue;
                foreach (var ((topic, partition), directory) in batch) AddAgain(topic, partition, directory);
                await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), time, stop);
            }
        }
    }

    private Dictionary<(Uuid Topic, int Partition), Uuid> Take()
    {
        lock (_waiting)
        {
            var batch = _waiting.Take(MaxPerRequest).ToDictionary();
            foreach (var key in batch.Keys) _ = _waiting.Remove(key);
            return batch;
        }
    }

    /// <summary>What was not taken waits on, unless something newer does.</summary>
    private void AddAgain(Uuid topic, int partition, Uuid directory)
    {
        lock (_waiting) _ = _waiting.TryAdd((topic, partition), directory);
    }

    private async Task<bool> Send(Dictionary<(Uuid Topic, int Partition), Uuid> batch)
    {
        var request = new AssignReplicasToDirsRequest { BrokerId = brokerId, BrokerEpoch = brokerEpoch() };
        foreach (var directory in batch.GroupBy(static entry => entry.Value))
        {
            var topics = directory.GroupBy(static entry => entry.Key.Topic).Select(static topic => new AssignReplicasToDirsRequest.TopicData
            {
                TopicId = topic.Key,
                Partitions = [.. topic.Select(static entry => new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = entry.Key.Partition })],
            });
            request.Directories.Add(new AssignReplicasToDirsRequest.DirectoryData { Id = directory.Key, Topics = [.. topics] });
        }
        AssignReplicasToDirsResponse answer;
        try
        {
            answer = await controller.Ask(request);
        }
        catch (NotControllerException)
        {
            // The next controller gets it.
            return false;
        }
        catch (Exception fault)
        {
            // Of this one request: what waits behind it, and comes later, is sent all the same.
            if (!Faults.Report(fault)) PartitionLogMessages.AssignmentsFailed(logger, fault, batch.Count);
            return false;
        }
        if (answer.ErrorCode == ErrorCode.None)
        {
            foreach (var directory in answer.Directories)
            {
                // A topic that was deleted meanwhile needs no directory.
                foreach (var refused in directory.Topics.SelectMany(static topic => topic.Partitions, static (topic, partition) => (topic.TopicId, partition))
                    .Where(static each => each.partition.ErrorCode is not (ErrorCode.None or ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition)))
                {
                    PartitionLogMessages.NotAssigned(logger, refused.TopicId, refused.partition.PartitionIndex, directory.Id, refused.partition.ErrorCode);
                }
            }
            return true;
        }
        PartitionLogMessages.AssignmentsRefused(logger, batch.Count, answer.ErrorCode);
        return false;
    }
}
