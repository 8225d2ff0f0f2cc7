using KafkaCompat.Cluster.Machines;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Loops;

/// <summary>The time as the loops hand it to the machines of Cluster.</summary>
internal static class MachineTime
{
    /// <summary>Both clocks at once.</summary>
    public static Now Now(this TimeProvider time) => new(time.WallMs(), time.TickMs());
}
