using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Loops;

/// <summary>Tries again what was refused for lack of descriptors, which passes: clients hold most of them.</summary>
internal static class FileShortageRetry
{
    /// <summary>How long it waits before it tries again.</summary>
    public const int DelayMs = 100;

    /// <summary>
    /// Attempts until there is a descriptor. Any other failure is the caller's, and this one too once <paramref name="isOver"/> says that nobody needs it any
    /// more.
    /// </summary>
    public static async Task Run(Func<Task> attempt, TimeProvider clock, Func<bool>? isOver = null)
    {
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception refused) when (FileShortage.IsOfDescriptors(refused) && isOver?.Invoke() is not true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(DelayMs), clock);
            }
        }
    }
}
