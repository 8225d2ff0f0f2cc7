namespace KafkaCompat.Broker.Loops;

/// <summary>Tasks for whoever combines them.</summary>
internal static class FollowedTasks
{
    /// <summary>
    /// A task that ends with another one, there where its maker goes on. What is combined (WhenAny, WhenAll, Unwrap, ContinueWith) of a task whose
    /// continuations run asynchronously goes on on a thread of the pool, whatever context there is; of this one it goes on where the node runs, which may
    /// be one thread alone.
    /// </summary>
    public static async Task Followed(this Task task) => await task;
}
