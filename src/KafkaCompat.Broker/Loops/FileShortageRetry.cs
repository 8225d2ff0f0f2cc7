using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Loops;

/// <summary>Tries again what was refused for lack of descriptors, which passes: clients hold most of them.</summary>
internal static class FileShortageRetry
{
    /// <summary>How long it waits before it tries again.</summary>
    public const int DelayMs = 100;

    /// <summary>
    /// Attempts until there is a descriptor. Any other failure is the caller's, and this one too once <paramref name="over"/> is set: nobody needs it any more.
    /// </summary>
    public static async Task Run(Func<Task> attempt, TimeProvider clock, Signal? over = null)
    {
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception refused) when (FileShortage.IsOfDescriptors(refused) && over?.WhenSet.IsCompleted is not true)
            {
                _ = await Pause(clock, over);
            }
        }
    }

    /// <summary>Waits before what was refused is tried again; false, at once, when <paramref name="over"/> is set.</summary>
    public static async Task<bool> Pause(TimeProvider clock, Signal? over)
    {
        var delay = Task.Delay(TimeSpan.FromMilliseconds(DelayMs), clock);
        await (over is null ? delay : Task.WhenAny(delay, over.WhenSet));
        return over?.WhenSet.IsCompleted is not true;
    }
}
