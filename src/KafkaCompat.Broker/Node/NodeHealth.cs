using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>Whether a node can serve what it is there for, and what is in the way where it cannot.</summary>
public sealed class NodeHealth(BrokerService broker, Func<QuorumDescription> quorum, Func<IEnumerable<string>> missingTopics)
{
    private volatile bool _isStopping;

    /// <summary>Whether <see cref="BeginStop"/> was called.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>The node is about to end: from now on it is not ready, while it still answers.</summary>
    public void BeginStop() => _isStopping = true;

    /// <summary>
    /// What keeps this node from producing to every partition that it has and from serving every group, a line each for people; empty where nothing does.
    /// </summary>
    public IReadOnlyList<string> NotReady()
    {
        var reasons = new List<string>();
        if (_isStopping) reasons.Add("The node is stopping.");
        foreach (var directory in broker.Directories.All)
        {
            if (directory.Health.Cause is { } cause) reasons.Add($"The log directory {directory.Path} has failed: {cause.Message}");
        }
        if (broker.Directories.Online.Select(static directory => directory.FindShortage()).FirstOrDefault(static lack => lack is not null) is { } shortage)
            reasons.Add($"Partitions cannot open the files that they need: {shortage.Message.TrimEnd('.')}. {FileShortage.Remedy}");
        foreach (var path in broker.Directories.Unopened) reasons.Add($"The log directory {path} could not be opened when the node started.");
        if (quorum().LeaderId < 0) reasons.Add("The quorum has no leader, so nothing of the metadata can change.");
        var image = broker.Metadata.Current;
        if (broker.Metadata.ControllerId < 0)
        {
            reasons.Add(image.Brokers.ContainsKey(broker.Metadata.NodeId)
                ? "The controller has not let this broker serve yet."
                : "The cluster does not know this broker: it was unregistered. It registers when it is started again.");
        }
        foreach (var cause in broker.Partitions.Offline.GroupBy(static offline => offline.Value.Cause)
            .OrderBy(static cause => cause.Key, StringComparer.Ordinal))
        {
            reasons.Add(
                $"Partitions are offline, {cause.Min(static offline => offline.Key.ToString())} the first of {cause.Count()}: {cause.First().Value.Reason}.");
        }

        reasons.AddRange(missingTopics());
        reasons.AddRange(NotLed(image));
        if (broker.Groups.LoadingPartitions is var loading and > 0) reasons.Add($"Partitions of __consumer_offsets whose groups are being loaded: {loading}.");
        return reasons;
    }

    /// <summary>
    /// Partitions that the metadata gives to this node to lead and that are not led here, and those of it that nobody may lead: as a rule their directory was
    /// left out, or replaced by an empty one.
    /// </summary>
    private IEnumerable<string> NotLed(MetadataImage image)
    {
        var notLed = 0;
        var leaderless = new List<string>();
        foreach (var (topic, index, registration) in image.ReplicasOf(broker.Metadata.NodeId))
        {
            var partition = new TopicPartition(topic.Name, index);
            if (registration.Leader == broker.Metadata.NodeId)
            {
                if (broker.Partitions.Find(topic.Name, index) is not { Standing.IsLeader: true }) notLed++;
            }
            else if (!registration.HasLeader && !broker.Partitions.Offline.ContainsKey(partition))
            {
                leaderless.Add(partition.ToString());
            }
        }
        if (notLed > 0) yield return $"Partitions that this node should lead are not led: {notLed}.";
        if (leaderless.Count > 0) yield return $"Partitions of this node that have no leader: {leaderless.Count}, {leaderless.Min()} the first of them.";
    }
}
