using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Handlers.Configs;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Security;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// What handlers of any listener can ask for. The generator gives each handler what the parameters of its constructor say, the part of the same type; of
/// several of one type the one of its name. A handler that asks for what is no part is a compile error.
/// </summary>
internal abstract class HandlerParts
{
    /// <summary>The rules of the listener; null where all is allowed.</summary>
    public IAuthorizer? Authorizer { get; init; }

    public required ServerConfig Config { get; init; }

    public required BrokerMetadata Metadata { get; init; }

    /// <summary>Whether anybody takes what clients measure of themselves.</summary>
    public required Func<bool> IsTelemetryAdvertised { get; init; }

    public required LoggerLevels Loggers { get; init; }

    public required ConfigAlteration Alteration { get; init; }
}
