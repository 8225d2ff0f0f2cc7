using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The metadata of a node as its quorum keeps it: the log, the quorum's loop over it, and what follows the log and turns it into images. Both roles stand on
/// it, whether this node votes or leads or not.
/// </summary>
public sealed class QuorumNode : IAsyncDisposable
{
    private readonly MetadataLog _log;
    private bool _isDisposed;

    private QuorumNode(MetadataLog log, QuorumLoop quorum, MetadataApplier metadata)
    {
        _log = log;
        Quorum = quorum;
        Metadata = metadata;
        FormattedRecords = log.LatestSnapshot == SnapshotId.Bootstrap && quorum.Snapshot is { } formatted
            ? formatted.Records
            : DirectoryFormat.NewClusterFeatures;
    }

    public QuorumLoop Quorum { get; }

    public MetadataApplier Metadata { get; }

    /// <summary>What the first leader of a new cluster writes first: what the directory was formatted with.</summary>
    internal IReadOnlyList<VersionedRecord> FormattedRecords { get; }

    /// <summary>Opens the metadata log of a prepared directory, whose lock the caller holds. The ports of the listeners are bound.</summary>
    public static QuorumNode Open(ServerConfig config, LogEnvironment environment, MetaProperties meta, NodeSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(meta);
        ArgumentNullException.ThrowIfNull(surroundings);
        var clock = surroundings.EngineTime;
        var log = MetadataLog.Open(environment, config.MetadataLogDir, ToLogSettings(config));
        try
        {
            var metadata = new MetadataApplier(
                new SnapshotPolicy(
                    config.GetLong(ConfigKeys.MetadataLogMaxRecordBytesBetweenSnapshots), config.GetLong(ConfigKeys.MetadataLogMaxSnapshotIntervalMs)),
                clock);
            var quorum = new QuorumLoop(
                log, QuorumSettingsOf(config, meta), metadata,
                new QuorumSurroundings(NoPeers.Instance, clock, new Random(surroundings.Random.Next()), surroundings.Seams.Turns));
            if (quorum.Describe().VoterSet is { Voters.Length: > 1 } voters)
            {
                throw new QuorumStateException($"The metadata log in {config.MetadataLogDir} has a quorum of {voters.Voters.Length} voters "
                    + $"({string.Join(", ", voters.Voters.Select(static v => v.Key.Id))}): more than one is not served yet.");
            }

            metadata.SnapshotDue = (id, image) => quorum.TakeSnapshot(id, new QuorumSnapshot(
                image.Provenance.TimestampMs, quorum.KRaftVersion, Voters: null, [.. MetadataSnapshot.Records(image)]));
            return new QuorumNode(log, quorum, metadata);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Starts the loop, and who follows the log.</summary>
    public void Start()
    {
        Metadata.Start(Quorum.Committed);
        Quorum.Start();
    }

    /// <summary>Ends when a part does; failed where the node cannot go on without it: the quorum's disk, the metadata.</summary>
    public Task Completion => Task.WhenAny(Quorum.Completion, Metadata.Completion).Unwrap();

    /// <summary>Ends the loop, waits for the listeners of the metadata, and closes the log.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        // A loop that failed has failed its completion.
        await Quorum.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Quorum.Dispose();
        await Metadata.DisposeAsync();
        // Where an invariant was found broken no file of the directory is written any more.
        if (Quorum.Completion.IsCompletedSuccessfully && !_log.Health.IsFailed)
        {
            _log.Close();
        }

        _log.Dispose();
    }

    private static LogSettings ToLogSettings(ServerConfig config) => new()
    {
        SegmentBytes = config.GetOptionalInt(ConfigKeys.InternalMetadataLogSegmentBytes) ?? config.GetInt(ConfigKeys.MetadataLogSegmentBytes),
        SegmentMs = config.GetLong(ConfigKeys.MetadataLogSegmentMs),
        FileDeleteDelayMs = config.GetLong(ConfigKeys.InternalMetadataDeleteDelayMillis),
        RetentionMs = -1,
        RetentionBytes = -1,
    };

    private static QuorumSettings QuorumSettingsOf(ServerConfig config, MetaProperties meta)
    {
        var listener = config.Listeners.ControllerNames[0];
        return new QuorumSettings
        {
            Raft = new RaftSettings(
                new ReplicaKey(config.NodeId, meta.DirectoryId ?? Uuid.Zero),
                config.GetInt(ConfigKeys.ControllerQuorumElectionTimeoutMs),
                config.GetInt(ConfigKeys.ControllerQuorumFetchTimeoutMs)),
            StaticVoters = new VoterSet([.. config.Node.StaticVoters.OrderBy(static voter => voter.Id)
                .Select(voter => new Voter(new ReplicaKey(voter.Id, Uuid.Zero), [new Endpoint(listener, voter.Host, voter.Port, 0)]))]),
            Endpoints = [.. config.Listeners.AdvertisedOfController.Select(l => new Endpoint(l.Name, l.Host, l.Port, 0))],
            MaxRetentionBytes = config.GetLong(ConfigKeys.MetadataMaxRetentionBytes),
            MaxRetentionMs = config.GetLong(ConfigKeys.MetadataMaxRetentionMs),
        };
    }
}
