using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol;

// Transactions.
[assembly: NotServedYet(ApiListeners.Broker,
    ApiKey.AddPartitionsToTxn, ApiKey.AddOffsetsToTxn, ApiKey.EndTxn, ApiKey.WriteTxnMarkers, ApiKey.TxnOffsetCommit, ApiKey.DescribeTransactions,
    ApiKey.ListTransactions)]

// The consumer, share and streams group protocols.
[assembly: NotServedYet(ApiListeners.Broker,
    ApiKey.ConsumerGroupDescribe, ApiKey.ShareGroupDescribe, ApiKey.ShareFetch, ApiKey.ShareAcknowledge, ApiKey.InitializeShareGroupState,
    ApiKey.ReadShareGroupState, ApiKey.WriteShareGroupState, ApiKey.DeleteShareGroupState, ApiKey.ReadShareGroupStateSummary,
    ApiKey.StreamsGroupDescribe, ApiKey.DescribeShareGroupOffsets, ApiKey.AlterShareGroupOffsets, ApiKey.DeleteShareGroupOffsets,
    ApiKey.StreamsGroupTopologyDescriptionUpdate)]

// More than one node. The first row is what tools ask; the second what brokers and controllers ask each other.
[assembly: NotServedYet(ApiListeners.Broker | ApiListeners.Controller,
    ApiKey.AddRaftVoter, ApiKey.RemoveRaftVoter, ApiKey.UnregisterController)]
[assembly: NotServedYet(ApiListeners.Controller,
    ApiKey.Fetch, ApiKey.Vote, ApiKey.BeginQuorumEpoch, ApiKey.EndQuorumEpoch, ApiKey.AlterPartition, ApiKey.FetchSnapshot,
    ApiKey.BrokerRegistration, ApiKey.BrokerHeartbeat, ApiKey.AllocateProducerIds, ApiKey.ControllerRegistration, ApiKey.AssignReplicasToDirs,
    ApiKey.UpdateRaftVoter)]

namespace KafkaCompat.Broker.Node;

/// <summary>
/// Keys that Kafka serves on listeners of a kind and this program does not yet. A key that is neither served nor named here is a compile error, and so is one
/// that is both.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class NotServedYetAttribute(ApiListeners listeners, params ApiKey[] keys) : Attribute
{
    public ApiListeners Listeners { get; } = listeners;

    public IReadOnlyList<ApiKey> Keys { get; } = keys;
}
