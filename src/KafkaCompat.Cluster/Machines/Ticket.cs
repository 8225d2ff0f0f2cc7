namespace KafkaCompat.Cluster.Machines;

/// <summary>Names one waiting request: the machine hands it back with the reply, and gives it no other meaning.</summary>
public readonly record struct Ticket(long Value);

/// <summary>The answer to the request behind <paramref name="Ticket"/>; the body is the type that its command names.</summary>
public readonly record struct ShardReply(Ticket Ticket, object Body);
