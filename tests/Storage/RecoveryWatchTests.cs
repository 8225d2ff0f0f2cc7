using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>What the opening of logs tells whoever listens.</summary>
public sealed class RecoveryWatchTests
{
    /// <summary>Several walks over a segment meet the same damage: it is one thing to say. A repair that is done twice was done twice.</summary>
    [Fact]
    public void DamageThatStaysIsToldOnce()
    {
        var told = new Told();
        var watch = new RecoveryWatch(TimeProvider.System, told, TestContext.Current.CancellationToken);
        foreach (var act in Enum.GetValues<RepairAct>())
        {
            watch.Repaired(new LogRepair(act, "/data/t-0/x", "of the moon", 1, 2, 3));
            watch.Repaired(new LogRepair(act, "/data/t-0/x", "of the moon", 1, 2, 3));
            watch.Repaired(new LogRepair(act, "/data/t-1/x", "of the moon", 1, 2, 3));
        }
        Assert.All(told.Acts.GroupBy(static act => act), static acts => Assert.Equal(acts.Key == RepairAct.DamageKept ? 2 : 3, acts.Count()));
        Assert.Equal(told.Acts.Count, watch.Progress.Repairs);
    }

    private sealed class Told : IRecoveryListener
    {
        public List<RepairAct> Acts { get; } = [];

        public void Repaired(LogRepair repair) => Acts.Add(repair.Act);

        public void Progressed(RecoveryProgress progress)
        {
        }
    }
}
