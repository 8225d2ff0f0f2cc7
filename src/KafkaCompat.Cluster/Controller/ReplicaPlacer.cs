using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// Spreads the replicas of a new topic: the racks take turns, and within a rack its brokers; fenced brokers come only where live ones do not suffice,
/// and never first. The start is drawn at random, so that topics of one partition do not all land on one broker.
/// </summary>
internal static class ReplicaPlacer
{
    public static List<List<int>>? Place(IReadOnlyList<BrokerRegistration> brokers, int partitions, int replicationFactor, Random random, out string? problem)
    {
        var usable = brokers.Where(HasOpenDirectory).ToList();
        if (!usable.Exists(b => b.IsActive))
        {
            problem = "All brokers are currently fenced, or have all their log directories cordoned.";
            return null;
        }

        if (usable.Count < replicationFactor)
        {
            problem =
                $"The target replication factor of {replicationFactor} cannot be reached because only {usable.Count} broker(s) are registered or some brokers "
                + "have all their log directories cordoned.";
            return null;
        }

        problem = null;
        var live = Interleaved(usable.Where(b => b.IsActive));
        var fenced = Interleaved(usable.Where(b => !b.IsActive));
        var start = random.Next(live.Count);
        var placed = new List<List<int>>(partitions);
        for (var partition = 0; partition < partitions; partition++)
        {
            var replicas = new List<int>(replicationFactor);
            for (var i = 0; i < replicationFactor; i++)
            {
                replicas.Add(i < live.Count ? live[(start + partition + i) % live.Count] : fenced[(partition + i - live.Count) % fenced.Count]);
            }

            placed.Add(replicas);
        }

        return placed;
    }

    private static bool HasOpenDirectory(BrokerRegistration broker) =>
        broker.LogDirs.IsEmpty || broker.CordonedLogDirs is not { Length: > 0 } cordoned || broker.LogDirs.Any(d => !cordoned.Contains(d));

    private static List<int> Interleaved(IEnumerable<BrokerRegistration> brokers)
    {
        var racks = brokers.GroupBy(b => b.Rack ?? "", StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new Queue<int>(g.Select(b => b.Id))).ToList();
        var order = new List<int>();
        while (racks.Exists(r => r.Count > 0))
        {
            foreach (var rack in racks)
            {
                if (rack.TryDequeue(out var broker))
                {
                    order.Add(broker);
                }
            }
        }

        return order;
    }
}
