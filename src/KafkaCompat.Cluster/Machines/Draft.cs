namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// A part of a shard's next state that is never written: who waits, when a session ends, how far a walk has come. It is the decision's own until the
/// decision's records are in the log, and the shard's from then on. Of what kind it is only its shard knows.
/// </summary>
public abstract class Draft;
