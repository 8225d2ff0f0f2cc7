using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// Where the records of a Produce request go: each partition that it names is looked up once, in the request's order. The same walk finds on which threads
/// the request is appended.
/// </summary>
internal readonly struct ProduceTargets
{
    /// <summary>The first version that names topics by id.</summary>
    internal const short TopicIdSinceVersion = 13;

    private readonly ProduceTarget _only;

    /// <summary>Null for the usual request, which names one partition.</summary>
    private readonly ProduceTarget[]? _many;

    public ProduceTargets(ProduceRequest request, short version, PartitionTable partitions, BrokerMetadata metadata)
    {
        DirectoryHealth? asked = null;
        var count = 0;
        foreach (var topic in request.TopicData) count += topic.PartitionData.Count;
        if (count != 1) _many = new ProduceTarget[count];
        var next = 0;
        foreach (var topic in request.TopicData)
        {
            var name = version >= TopicIdSinceVersion ? metadata.TopicName(topic.TopicId) : topic.Name;
            foreach (var data in topic.PartitionData)
            {
                var partition = name is null ? null : partitions.Find(name, data.Index);
                if (_many is null) _only = new(name, partition);
                else _many[next++] = new(name, partition);
                if (partition is null) continue;
                TakesLong = TakesLong || (data.Records?.Memory.Length > Partition.MaxInlineBatchBytes && partition.TakesLong(data.Records));
                // Of partitions of one directory the first asks it, and with it the clock.
                if (SlowDisk is not null || ReferenceEquals(asked, partition.Log.Health)) continue;
                asked = partition.Log.Health;
                SlowDisk = partition.Log.SlowDisk;
            }
        }
    }

    /// <summary>The threads of a disk that takes long and that one of the partitions lies on.</summary>
    public IWorkThreads? SlowDisk { get; }

    /// <summary>Whether a batch is decompressed or compressed, which takes long.</summary>
    public bool TakesLong { get; }

    /// <summary>The target of the partition that stands at a place of the request.</summary>
    public ProduceTarget this[int place] => _many is null ? _only : _many[place];
}

/// <summary>What a topic and a number stand for on this node. No topic has an id that the metadata does not know.</summary>
internal readonly record struct ProduceTarget(string? Topic, Partition? Partition);
