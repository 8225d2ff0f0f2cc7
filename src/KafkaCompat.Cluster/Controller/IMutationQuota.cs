namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// What a client may still change: partitions of topics that are created, grown or deleted. Whoever asks the controller brings it along; the controller asks it
/// for each topic when nothing else is wrong with it, in the order of the request.
/// </summary>
public interface IMutationQuota
{
    /// <summary>A client without a quota.</summary>
    static IMutationQuota None { get; } = new Unlimited();

    /// <summary>Counts partitions that are about to change. False where the quota is exceeded and the topic has to be refused.</summary>
    bool TryTake(int partitions);

    private sealed class Unlimited : IMutationQuota
    {
        public bool TryTake(int partitions) => true;
    }
}
