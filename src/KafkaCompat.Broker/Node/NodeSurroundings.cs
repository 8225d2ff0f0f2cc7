using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>What a node stands on besides its files, given by whoever composes it: the program, a test or a simulation.</summary>
/// <param name="Time">The node's clock.</param>
/// <param name="Random">What all its randomness is drawn from.</param>
/// <param name="Logs">Where its log goes.</param>
public sealed record NodeSurroundings(TimeProvider Time, Random Random, ILoggerFactory Logs)
{
    /// <summary>Where what waits for a disk runs.</summary>
    public IWorkThreads DiskThreads { get; init; } = IWorkThreads.None;

    /// <summary>Where batches are decompressed and large requests are decoded.</summary>
    public IWorkThreads BatchThreads { get; init; } = IWorkThreads.None;

    /// <summary>What a test has between the parts.</summary>
    public NodeSeams Seams { get; init; } = NodeSeams.None;

    /// <summary>What ends the node: told by whoever catches whatever there may be.</summary>
    public FatalFaults Faults { get; } = new();

    /// <summary>The levels of the log, which clients may alter.</summary>
    public LoggerLevels Levels { get; } = (Logs as ILeveledLoggerFactory)?.Levels ?? new LoggerLevels(LogLevel.Information);

    /// <summary>What clients wait for, and what keeps the node alive in the cluster, goes by this clock: in the program it is <see cref="Time"/>.</summary>
    public TimeProvider EngineTime => Seams.EngineTime ?? Time;

    /// <summary>Where the events of the node as a whole go.</summary>
    internal ILogger NodeLogger => Logs.CreateLogger("kafkacompat.node");
}
