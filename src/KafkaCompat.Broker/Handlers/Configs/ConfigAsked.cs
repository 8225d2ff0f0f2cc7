using KafkaCompat.Cluster.Controller;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>One resource that is to be altered, whichever way.</summary>
internal sealed record ConfigAsked(sbyte Type, string Name, IReadOnlyList<ConfigChange> Changes);
