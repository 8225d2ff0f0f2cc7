using System.Globalization;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>What a start is at, in the order of a start.</summary>
public enum StartStage
{
    Directories,
    MetadataLog,
    Registration,
    Logs,
    Leadership,
}

/// <summary>Whose start it is.</summary>
/// <param name="NodeId">As the settings say.</param>
/// <param name="ClusterId">As the directories say; null before they were looked at.</param>
public sealed record NodeIdentity(int NodeId, string? ClusterId);

/// <summary>
/// A node's start as it goes: what it is at, how far it is, and whether it is to stop. It exists before the node does, so that whoever asks hears of the start
/// from its first moment on, and whoever wants it to end ends it at any.
/// </summary>
public sealed class NodeStart
{
    private int _stage;
    private volatile NodeIdentity? _identity;

    public NodeStart(TimeProvider time, ILoggerFactory logs, CancellationToken stop = default)
    {
        Stop = stop;
        Recovery = new RecoveryWatch(time, new RecoveryLogger(logs.CreateLogger("kafkacompat.logs")), stop);
    }

    /// <summary>
    /// Cancelled when the start is to end, and never once the node has started. What the start has opened it closes again, without the mark of a clean
    /// shutdown.
    /// </summary>
    public CancellationToken Stop { get; }

    /// <summary>How the opening of the logs goes.</summary>
    public RecoveryWatch Recovery { get; }

    /// <summary>Who starts, as far as it is known; null before anybody has said so.</summary>
    public NodeIdentity? Identity
    {
        get => _identity;
        set => _identity = value;
    }

    public StartStage Stage
    {
        get => (StartStage)Volatile.Read(ref _stage);
        internal set
        {
            Volatile.Write(ref _stage, (int)value);
            Stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>What it is at, a line for people.</summary>
    public string Describe()
    {
        var progress = Recovery.Progress;
        return Stage switch
        {
            StartStage.Directories => "The node is starting: it opens its log directories.",
            StartStage.MetadataLog =>
                string.Create(CultureInfo.InvariantCulture, $"The node is starting: it reads the metadata log; {progress.CheckedBytes} bytes are checked."),
            StartStage.Registration => "The node is starting: it registers with the controller.",
            StartStage.Logs => string.Create(
                CultureInfo.InvariantCulture,
                $"The node is starting: {progress.Opened} of {progress.Logs} partitions are opened; {progress.CheckedBytes} bytes of batches are checked."),
            _ => "The node is starting: it takes over its partitions.",
        };
    }
}
