using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Fetching;
using KafkaCompat.Broker.Handlers.Data;
using KafkaCompat.Broker.Handlers.Transactions;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>What handlers of a broker's listener can ask for.</summary>
internal sealed class BrokerParts : HandlerParts
{
    /// <summary>The way to the active controller.</summary>
    public required IControllerChannel Channel { get; init; }

    public required PartitionTable Partitions { get; init; }

    public required IReadOnlyList<LogDirectory> Directories { get; init; }

    public required TimerWheel Wheel { get; init; }

    public required IWorkThreads BatchThreads { get; init; }

    public required FetchSessionCache Sessions { get; init; }

    public required ClientQuotas Quotas { get; init; }

    public required DataRefusals Refusals { get; init; }

    public required GroupCoordinator Groups { get; init; }

    public required TopicCreator Topics { get; init; }

    public required ProducerIdBlock ProducerIds { get; init; }

    public required UnservedFeatures Unserved { get; init; }

    public required ClientTelemetry Telemetry { get; init; }

    public required Func<Guid> NewGuid { get; init; }
}
