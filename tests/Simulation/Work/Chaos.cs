using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>What happens to the machine: its node is killed, stopped or without power, its wall clock is set, its disk is slow for a while.</summary>
internal sealed class Chaos(World world, Topics topics, Random random)
{
    public async Task Rage()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(1_000, 12_000));
            switch (random.Next(10))
            {
                case < 4:
                    var ahead = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(random.Next(-3_600, 3_600));
                    world.Trace.Add($"wall {ahead}");
                    world.Clock.SetWall(ahead);
                    break;
                case < 6:
                    await SlowDisk();
                    break;
                default:
                    await EndLife();
                    break;
            }
        }
    }

    /// <summary>The node is served again, whatever became of it.</summary>
    private async Task Heal()
    {
        while (world.Node.State != NodeState.Serving)
        {
            if (world.Node.State == NodeState.Down)
            {
                world.Node.Start();
            }

            await world.Sleep(50);
        }
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

    private async Task EndLife()
    {
        if (random.Next(3) == 0)
        {
            if (world.Node.State != NodeState.Serving)
            {
                return;
            }

            world.Node.Stop();
            var stopped = world.NowMs;
            while (world.Node.State != NodeState.Down)
            {
                await world.Sleep(20);
                if (world.NowMs - stopped > 120_000)
                {
                    world.Violation("the node does not stop");
                    return;
                }
            }
        }
        else if (world.Node.State != NodeState.Down)
        {
            // A node that only starts may be killed too.
            var withPower = random.Next(2) == 0;
            world.Node.Kill(withPower);
            if (withPower)
            {
                topics.OnPowerCut();
            }
        }

        await world.Sleep(random.Next(50, 3_000));
        world.Node.Start();
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
}
