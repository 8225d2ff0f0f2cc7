using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Broker.Metadata;

/// <summary>A metadata image in numbers: of the cluster, and of what a node leads in it.</summary>
internal readonly record struct ImageTotals(
    int ActiveBrokers, int FencedBrokers, int Topics, int Partitions, int Leaderless, int Unpreferred, int UnderReplicated, int Reassigning)
{
    public static ImageTotals Of(MetadataImage image, int nodeId)
    {
        var totals = new ImageTotals { Topics = image.Topics.Count };
        foreach (var broker in image.Brokers.Values)
        {
            totals = broker.IsFenced ? totals with { FencedBrokers = totals.FencedBrokers + 1 } : totals with { ActiveBrokers = totals.ActiveBrokers + 1 };
        }
        int partitions = 0, leaderless = 0, unpreferred = 0, underReplicated = 0, reassigning = 0;
        foreach (var topic in image.Topics.Values)
        {
            foreach (var partition in topic.Partitions.Values)
            {
                partitions++;
                if (!partition.HasLeader) leaderless++;
                else if (partition.Replicas.Length > 0 && partition.Leader != partition.Replicas[0]) unpreferred++;
                if (partition.Leader != nodeId) continue;
                if (partition.Isr.Length < partition.Replicas.Length - partition.AddingReplicas.Length) underReplicated++;
                if (partition.AddingReplicas.Length > 0 || partition.RemovingReplicas.Length > 0) reassigning++;
            }
        }
        return totals with
        {
            Partitions = partitions,
            Leaderless = leaderless,
            Unpreferred = unpreferred,
            UnderReplicated = underReplicated,
            Reassigning = reassigning
        };
    }
}
