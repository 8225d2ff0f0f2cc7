using KafkaCompat.Cluster.Replication;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>
/// Three replicas whose messages are lost, doubled and overtaken, whose leaders change, and which end and come back with or without what they had.
/// After every step of every seed:
/// what was committed stays, all members of the ISR have it, and no leader's high watermark goes back. Once nothing is lost any more, all replicas
/// are in sync and everything is committed.
/// </summary>
public sealed class ReplicaSafetyTests
{
    private const int Seeds = 400;
    private const int Steps = 500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Nothing_that_was_committed_is_lost(int minInSyncReplicas)
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            try
            {
                Run(seed, minInSyncReplicas);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }
        }
    }

    private static void Run(int seed, int minInSyncReplicas)
    {
        var random = new Random(seed);
        var cluster = new ReplicaCluster([1, 2, 3], [1, 2, 3], 1, new ReplicationSettings(minInSyncReplicas, 100));
        for (var step = 0; step < Steps; step++)
        {
            Do(cluster, random);
            cluster.Check();
        }
        Converge(cluster);
    }

    private static void Do(ReplicaCluster cluster, Random random)
    {
        var id = random.Next(1, 4);
        var network = cluster.Network;
        switch (random.Next(100))
        {
            case < 12: cluster.Append(id, random.Next(1, 4)); break;
            case < 37: cluster.Fetch(id); break;
            case < 85 when network.Count > 0:
                // The oldest message most often, else any: some are overtaken for long.
                var message = network[random.Next(3) == 0 ? random.Next(network.Count) : 0];
                switch (random.Next(20))
                {
                    case 0: cluster.Lose(message); break;
                    case 1: cluster.Deliver(message); break;
                    default:
                        _ = network.Remove(message);
                        cluster.Deliver(message);
                        break;
                }
                break;
            case < 90: cluster.PassTo(cluster.Tick + random.Next(60)); break;
            case < 93: cluster.Kill(id, random.Next(20)); break;
            case < 97: cluster.Restart(id, random.Next(30)); break;
            case < 98: cluster.Elect(id); break;
            case < 99: cluster.Forget(id, cluster.Node(id).Start + random.Next(4)); break;
            default: break;
        }
    }

    private static void Converge(ReplicaCluster cluster)
    {
        foreach (var message in cluster.Network.ToList())
            cluster.Lose(message);
        for (var id = 1; id <= 3; id++)
            cluster.Restart(id, long.MaxValue);
        for (var round = 0; round < 200; round++)
        {
            if (round % 20 == 0)
                cluster.Tell();
            cluster.PassTo(cluster.Tick + 10);
            for (var id = 1; id <= 3; id++)
                cluster.Fetch(id);
            while (cluster.Network is [var message, ..])
            {
                cluster.Network.RemoveAt(0);
                cluster.Deliver(message);
            }
            cluster.Check();
        }
        var leader = cluster.Node(cluster.Registration.Leader);
        Assert.Equal([1, 2, 3], cluster.Registration.Isr.Order());
        Assert.Equal(leader.End, leader.HighWatermark);
        Assert.All(cluster.Nodes, node => Assert.Equal((leader.End, leader.HighWatermark), (node.End, node.HighWatermark)));
    }
}
