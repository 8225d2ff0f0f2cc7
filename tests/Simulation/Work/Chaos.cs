using KafkaCompat.Protocol.Names;
using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>
/// What happens to the machine: its node is killed, stopped or without power, its wall clock is set, a disk is slow for a while, fails, is full, or flips a
/// bit.
/// </summary>
internal sealed class Chaos(World world, Topics topics, Random random)
{
    /// <summary>How long the end of a node may take.</summary>
    private const int MaxStopMs = 120_000;

    public async Task Rage()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(1_000, 12_000));
            switch (random.Next(16))
            {
                case < 4:
                    var ahead = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(random.Next(-3_600, 3_600));
                    world.Trace.Add($"wall {ahead}");
                    world.Clock.SetWall(ahead);
                    break;
                case < 6:
                    await SlowDisk();
                    break;
                case 6 or 7:
                    await FailDisk();
                    break;
                case 8 or 9 or 10:
                    FlipBit();
                    break;
                default:
                    await EndLife();
                    break;
            }
        }

        await Mend();
    }

    /// <summary>
    /// The node is served again, whatever became of it. Where it did not begin, or without a directory, because of a damaged file that it names, somebody puts
    /// that right, and nothing is lost.
    /// </summary>
    private async Task Heal()
    {
        var node = world.Node;
        while (true)
        {
            while (node.State != NodeState.Serving)
            {
                if (node.State == NodeState.Down)
                {
                    node.Restore(node.Refused);
                    Start();
                }

                await world.Sleep(50);
            }

            if (node.Refused.Count == 0 || node.Faults.Struck is not null)
            {
                return;
            }

            await world.Sleep(random.Next(500, 8_000));
            if (node.State == NodeState.Serving)
            {
                Kill(random.Next(3) == 0);
            }
        }
    }

    /// <summary>What of groups and metadata is damaged is put right, so that all can be looked at.</summary>
    private async Task Mend()
    {
        await Heal();
        if (await Stop())
        {
            world.Node.Restore(world.Node.Ledger.Flips.Standing.Where(IsInternal));
            await Heal();
        }
    }

    private static bool IsInternal(Flip flip) => flip.Partition.StartsWith("__", StringComparison.Ordinal);

    private void Start()
    {
        topics.OnLife();
        world.Node.Start();
    }

    private async Task SlowDisk()
    {
        if (world.Node.Disk is not { } disk)
        {
            return;
        }

        disk.MaxDelayMs = random.Next(20, 1_500);
        world.Trace.Add($"slow disk {disk.MaxDelayMs}");
        await world.Sleep(random.Next(500, 6_000));
        disk.MaxDelayMs = 3;
    }

    /// <summary>
    /// A disk fails. With that of the metadata the node ends, in order; without the other one it goes on, and does not touch what failed in this life.
    /// What was acknowledged is there when the disk is well and the node has started again.
    /// </summary>
    private async Task FailDisk()
    {
        if (world.Node.State != NodeState.Serving)
        {
            return;
        }

        var (node, faults) = (world.Node, world.Node.Faults);
        var fault = (DiskFault)random.Next(1, 5);
        faults.Begin(random.Next(3) == 0 ? SimNode.MetadataFolder : SimNode.OtherFolder, fault);
        await world.Sleep(random.Next(100, 8_000));
        if (faults.Struck == SimNode.MetadataFolder)
        {
            var ending = world.NowMs;
            while (node.State != NodeState.Down && world.NowMs - ending < MaxStopMs)
            {
                await world.Sleep(20);
            }

            world.Check(node.State == NodeState.Down ? null : "the node goes on without its metadata");
        }

        foreach (var torn in node.StillTorn())
        {
            world.Violation($"a part of what a full disk did not take stands in {torn}");
        }

        faults.End();
        if (faults.Struck is null)
        {
            return;
        }

        if (node.State == NodeState.Serving)
        {
            await world.Sleep(random.Next(500, 15_000));
            world.Check(faults.Retried);
        }

        await EndHurtLife(fault);
    }

    private async Task EndHurtLife(DiskFault fault)
    {
        var node = world.Node;
        if (node.State == NodeState.Serving && random.Next(2) == 0)
        {
            await Stop();
        }

        // What a failed sync has lost may still be seen until the machine starts anew; so it does.
        var withPower = fault == DiskFault.FailsSyncs || random.Next(3) == 0;
        if (node.State != NodeState.Down || withPower)
        {
            Kill(withPower);
        }

        await world.Sleep(random.Next(50, 3_000));
        Start();
        await Heal();
    }

    private void FlipBit()
    {
        switch (random.Next(9))
        {
            case < 3:
                if (topics.Any(random) is { } topic)
                {
                    var partition = topic.Partitions[random.Next(topic.Partitions.Count)];
                    if (world.Node.Flip(FlipTarget.Records, partition.Name, random) is { } damage)
                    {
                        partition.Damage(damage);
                    }
                }

                break;
            case 3 or 4:
                _ = world.Node.Flip(FlipTarget.Beside, AnyPartition(), random);
                break;
            case 5:
                _ = world.Node.Flip(FlipTarget.Checkpoints, random.Next(2) == 0 ? SimNode.MetadataFolder : SimNode.OtherFolder, random);
                break;
            case 6 or 7:
                _ = world.Node.Flip(FlipTarget.Metadata, $"{InternalTopics.ClusterMetadata}-0", random);
                break;
            default:
                _ = world.Node.Flip(FlipTarget.Records, $"{InternalTopics.Offsets}-{random.Next(2)}", random);
                break;
        }
    }

    private string AnyPartition() => random.Next(3) == 0 || topics.Any(random) is not { } topic
        ? $"{InternalTopics.Offsets}-{random.Next(2)}"
        : topic.Partitions[random.Next(topic.Partitions.Count)].Name;

    /// <summary>While no node runs a bit may flip, or somebody puts right what of groups and metadata is damaged.</summary>
    private void TouchDisk()
    {
        switch (random.Next(6))
        {
            case < 3:
                FlipBit();
                break;
            case 3:
                world.Node.Restore(world.Node.Ledger.Flips.Standing.Where(IsInternal));
                break;
            default:
                break;
        }
    }

    private async Task EndLife()
    {
        if (random.Next(3) == 0)
        {
            if (world.Node.State != NodeState.Serving)
            {
                return;
            }

            if (!await Stop())
            {
                return;
            }
        }
        else if (world.Node.State != NodeState.Down)
        {
            // A node that only starts may be killed too.
            Kill(random.Next(2) == 0);
        }

        await world.Sleep(random.Next(50, 3_000));
        TouchDisk();
        Start();
        // Now and then it is killed again before it serves.
        if (random.Next(4) == 0)
        {
            await world.Sleep(random.Next(1, 40));
        }
        else
        {
            await Heal();
        }
    }

    /// <summary>The node stops in order; whether it did.</summary>
    private async Task<bool> Stop()
    {
        world.Node.Stop();
        var stopped = world.NowMs;
        while (world.Node.State != NodeState.Down)
        {
            await world.Sleep(20);
            if (world.NowMs - stopped > MaxStopMs)
            {
                world.Violation("the node does not stop");
                return false;
            }
        }

        return true;
    }

    private void Kill(bool withPower)
    {
        world.Node.Kill(withPower);
        if (withPower)
        {
            topics.OnPowerCut();
        }
    }
}
