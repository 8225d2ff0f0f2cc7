namespace KafkaCompat.Broker.Quorum;

/// <summary>What a quorum's loop stands on.</summary>
/// <param name="Peers">The way to the other replicas.</param>
/// <param name="Clock">Both clocks.</param>
/// <param name="Random">Its own: nobody else draws from it while the loop runs.</param>
/// <param name="Turns">Where its turns run that nobody takes on the spot.</param>
public sealed record QuorumSurroundings(IQuorumPeers Peers, TimeProvider Clock, Random Random, TaskScheduler Turns);
