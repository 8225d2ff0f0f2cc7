#pragma warning disable RS0030 // The one way to the pool: all others come through here.
namespace KafkaCompat.Broker.Loops;

/// <summary>
/// Where work goes that the present thread must not be kept by: another thread of the pool, or a later step of the context that the node runs in.
/// </summary>
internal static class Elsewhere
{
    /// <summary>Lets a waiter go on there.</summary>
    public static void Release(TaskCompletionSource waiter)
    {
        if (SynchronizationContext.Current is { } context)
        {
            context.Post(static released => ((TaskCompletionSource)released!).SetResult(), waiter);
        }
        else
        {
            _ = ThreadPool.UnsafeQueueUserWorkItem(static released => released.SetResult(), waiter, preferLocal: false);
        }
    }
}
