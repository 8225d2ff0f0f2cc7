using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Simulation.Work;

/// <summary>What every client of a group's coordinator does.</summary>
internal static class Coordination
{
    /// <summary>Whether the coordinator is not there now, and may be later.</summary>
    public static bool IsAbsence(ErrorCode error) =>
        error is ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator;

    /// <summary>Waits a little and looks for it; the first look makes its topic.</summary>
    public static async Task Find(World world, SimClient client, string group)
    {
        await world.Sleep(200);
        _ = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [group] }, 4);
    }
}
