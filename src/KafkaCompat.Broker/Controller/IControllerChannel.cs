using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// A broker's way to the active controller. On a combined node it ends in the controller's mailbox; in a cluster it will be
/// a connection. The answer comes when the records it depends on are committed and this node's image holds them.
/// </summary>
public interface IControllerChannel
{
    /// <summary>Creates topics, as far as the quota of the client allows where it has one.</summary>
    Task<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request, short version, IMutationQuota? quota = null);

    /// <summary>Deletes topics, as far as the quota of the client allows where it has one.</summary>
    Task<DeleteTopicsResponse> DeleteTopics(DeleteTopicsRequest request, short version, IMutationQuota? quota = null);

    /// <summary>Adds partitions, as far as the quota of the client allows where it has one.</summary>
    Task<CreatePartitionsResponse> CreatePartitions(CreatePartitionsRequest request, IMutationQuota? quota = null);

    Task<ElectLeadersResponse> ElectLeaders(ElectLeadersRequest request);

    Task<AlterPartitionReassignmentsResponse> AlterPartitionReassignments(AlterPartitionReassignmentsRequest request);

    /// <summary>Changes single settings of a resource; null where nothing is wrong.</summary>
    Task<ConfigProblem?> AlterConfigs(ConfigResource resource, IReadOnlyList<ConfigChange> changes, bool validateOnly);

    /// <summary>Sets all settings of a resource at once; null where nothing is wrong.</summary>
    Task<ConfigProblem?> ReplaceConfigs(ConfigResource resource, IReadOnlyDictionary<string, string> configs, bool validateOnly);

    /// <summary>Changes quotas. <paramref name="unknownHosts"/> are those of the request's addresses that are none and that nobody can find.</summary>
    Task<AlterClientQuotasResponse> AlterClientQuotas(AlterClientQuotasRequest request, IReadOnlySet<string> unknownHosts);

    Task<AlterUserScramCredentialsResponse> AlterUserScramCredentials(AlterUserScramCredentialsRequest request);

    Task<UpdateFeaturesResponse> UpdateFeatures(UpdateFeaturesRequest request, short version);

    Task<UnregisterBrokerResponse> UnregisterBroker(UnregisterBrokerRequest request);

    Task<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request);

    Task<AssignReplicasToDirsResponse> AssignReplicasToDirs(AssignReplicasToDirsRequest request);
}
