using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>A voter, where it is reached, and the levels of kraft.version that it supports. The endpoints' security protocol is not in the log.</summary>
public sealed record Voter(ReplicaKey Key, ImmutableArray<Endpoint> Endpoints, short MinKRaftVersion = 0, short MaxKRaftVersion = 1);
