using System.Globalization;
using System.Runtime.CompilerServices;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Testing.Files;
using KafkaCompat.Testing.Hosting;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Testing;

/// <summary>
/// A Kafka broker in this process: the engine and the sockets of the program <c>kafkacompat</c>, on a free port of this machine, in memory unless asked for
/// more. Any Kafka client connects to <see cref="BootstrapServers"/>. Brokers know nothing of each other; have as many at a time as you like.
/// </summary>
/// <remarks>
/// The node's work runs on the thread pool, never on the caller's synchronization context, so tests may block. Methods that start, stop or reset take turns
/// by themselves; all members are safe for any number of threads.
/// </remarks>
/// <example>
/// <code>
/// await using var broker = await KafkaCompatBroker.StartAsync();
/// using var producer = new ProducerBuilder&lt;Null, string&gt;(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build();
/// </code>
/// </example>
public sealed class KafkaCompatBroker : IAsyncDisposable, IDisposable
{
    private readonly KafkaCompatBrokerOptions _options;
    private readonly TimeProvider _clock;
    private readonly BrokerFiles _files;
    private readonly ILoggerFactory _logs;
    private readonly PortReservation _port;
    private readonly PortReservation _controllerPort;
    private readonly SemaphoreSlim _turn = new(1);
    private ServerConfig _config;
    private volatile BrokerLife? _life;
    private MetadataImage? _start;
    private bool _isDisposed;

    private KafkaCompatBroker(KafkaCompatBrokerOptions options)
    {
        _options = options;
        _clock = options.TimeProvider == TimeProvider.System ? TimeProvider.System : new ContextFreeTimeProvider(options.TimeProvider);
        _logs = options.LogTo is { } writeLine ? new LineLoggerFactory(writeLine, options.LogLevel) : options.LoggerFactory;
        _port = new PortReservation(options.Port);
        _controllerPort = new PortReservation();
        try
        {
            _files = BrokerFiles.Of(options, _clock);
            _config = BrokerSettings.Of(options, _files.Path, _port.Port, _controllerPort.Port);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Where clients connect: <c>127.0.0.1</c> and the port, which stays the same whatever becomes of the broker until it is disposed of.</summary>
    public string BootstrapServers { get; private set; } = "";

    /// <summary>The cluster's id, which restarts keep.</summary>
    public string ClusterId { get; private set; } = "";

    /// <summary>The folder with the broker's files; null where they are in memory.</summary>
    public string? DataDirectory => _files.Store is MemoryFileStore ? null : _files.Path;

    /// <summary>Bytes of the files that are in memory; 0 where they are in a folder.</summary>
    public long MemoryBytes => (_files.Store as MemoryFileStore)?.Bytes ?? 0;

    /// <summary>What goes wrong: errors, delays and lost connections per API key. Restarts keep it, a reset ends it.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>Whether it serves: after a start and before a stop or a kill.</summary>
    public bool IsRunning => _life is not null;

    /// <summary>The topics there are, without the internal ones.</summary>
    public IReadOnlyList<string> Topics =>
        [.. Life.Node.Broker.Metadata.Current.Topics.Keys.Where(static name => !name.StartsWith("__", StringComparison.Ordinal))];

    /// <summary>Starts a broker; when this returns it serves. A start that is cancelled leaves nothing behind.</summary>
    /// <exception cref="ArgumentException">The options contradict themselves, or a setting is unknown or of the wrong kind.</exception>
    /// <exception cref="OperationCanceledException">The start was cancelled.</exception>
    // Without the priority a call with new() alone could mean either overload.
    [OverloadResolutionPriority(1)]
    public static async Task<KafkaCompatBroker> StartAsync(KafkaCompatBrokerOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        KafkaCompatBroker broker;
        try
        {
            broker = new KafkaCompatBroker(options ?? new KafkaCompatBrokerOptions());
        }
        catch (ConfigurationException e)
        {
            throw new ArgumentException(OnLines(e.Problems.Select(static problem => problem.Message)), nameof(options), e);
        }

        try
        {
            await Task.Run(broker.StartLife, CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            await broker.InTurn(broker.CreateMissingTopics).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>As <see cref="StartAsync(KafkaCompatBrokerOptions?, CancellationToken)"/>, without options.</summary>
    /// <exception cref="OperationCanceledException">The start was cancelled.</exception>
    public static Task<KafkaCompatBroker> StartAsync(CancellationToken cancellationToken) => StartAsync(null, cancellationToken);

    /// <summary>Starts a broker and waits for it, for fixtures that cannot await.</summary>
    public static KafkaCompatBroker Start(KafkaCompatBrokerOptions? options = null) => StartAsync(options).GetAwaiter().GetResult();

    /// <summary>Creates a topic; when this returns it can be written to.</summary>
    /// <exception cref="KafkaCompatException">There is one of that name, or the name, number or settings are refused.</exception>
    public Task CreateTopicAsync(string name, int partitions = 0, IReadOnlyDictionary<string, string>? configs = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        return InTurn(() => CreateTopics([new BrokerTopic(name, partitions) { Configs = configs ?? new Dictionary<string, string>() }]));
    }

    /// <summary>Deletes a topic with its records.</summary>
    /// <exception cref="KafkaCompatException">There is none of that name.</exception>
    public Task DeleteTopicAsync(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return InTurn(async () =>
        {
            var request = new DeleteTopicsRequest { TimeoutMs = BrokerSettings.RequestTimeoutMs, Topics = { new() { Name = name } } };
            var answer = await Life.Node.Controller.Ask(request).ConfigureAwait(false);
            if (answer.Responses is [{ ErrorCode: not ErrorCode.None } refused])
            {
                throw new KafkaCompatException(refused.ErrorCode,
                    $"Topic {Named(name)} is not deleted: {KafkaCompatException.Reason(refused.ErrorCode, refused.ErrorMessage)}");
            }
        });
    }

    /// <summary>The offset behind the last record of a partition that consumers can read: how many there are, where none was ever deleted.</summary>
    /// <exception cref="KafkaCompatException">There is no such partition.</exception>
    public long EndOffset(string topic, int partition = 0) => Find(topic, partition).HighWatermark;

    /// <summary>
    /// The records of a topic that consumers can read, partition after partition in the order of their offsets: all of them, or those of one
    /// <paramref name="partition"/>. The list is a copy.
    /// </summary>
    /// <exception cref="KafkaCompatException">There is no such topic or partition.</exception>
    public IReadOnlyList<BrokerRecord> Records(string topic, int? partition = null) =>
        [.. (partition is { } one ? [one] : Enumerable.Range(0, PartitionsOf(topic))).SelectMany(index => RecordAccess.Read(Find(topic, index)))];

    /// <summary>Writes a record of text without a client. When this returns consumers can read it.</summary>
    /// <returns>The record's offset.</returns>
    /// <exception cref="KafkaCompatException">There is no such topic or partition, and topics are not created by themselves; or the record is
    /// refused.</exception>
    public async Task<long> ProduceAsync(string topic, string? value, string? key = null, int partition = 0, CancellationToken cancellationToken = default) =>
        (await ProduceAsync(topic, [BrokerRecord.Of(value, key, partition)], cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Writes records without a client, those of a partition in their order and as one batch. When this returns consumers can read them.</summary>
    /// <returns>The offset of each record.</returns>
    /// <exception cref="KafkaCompatException">There is no such topic or partition, and topics are not created by themselves; or a batch is refused.</exception>
    public async Task<IReadOnlyList<long>> ProduceAsync(string topic, IEnumerable<BrokerRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(records);
        BrokerRecord[] all = [.. records];
        var offsets = new long[all.Length];
        cancellationToken.ThrowIfCancellationRequested();
        if (_options.AutoCreateTopics && !Exists(topic))
            await InTurn(() => CreateIfMissing(topic)).ConfigureAwait(false);
        foreach (var ofPartition in all.Select(static (record, place) => (record, place)).GroupBy(static item => item.record.Partition)
            .OrderBy(static group => group.Key))
        {
            var partition = Find(topic, ofPartition.Key);
            var first = await RecordAccess.Append(Life.Node.Broker, partition, [.. ofPartition.Select(static item => item.record)], _clock, cancellationToken)
                .ConfigureAwait(false);
            foreach (var (_, place) in ofPartition) offsets[place] = first++;
        }
        return offsets;
    }

    /// <summary>The offset that a group has committed for a partition: that of the record it reads next. Null where it has committed none.</summary>
    public long? CommittedOffset(string group, string topic, int partition = 0)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(topic);
        var groups = Life.Node.Broker.Groups;
        return Task.Run(() => GroupAccess.CommittedOffset(groups, group, topic, partition)).GetAwaiter().GetResult();
    }

    /// <summary>The members of a group with what they read; none where there is no such group.</summary>
    public IReadOnlyList<BrokerGroupMember> GroupMembers(string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var groups = Life.Node.Broker.Groups;
        return Task.Run(() => GroupAccess.Members(groups, group)).GetAwaiter().GetResult();
    }

    /// <summary>
    /// Makes the broker as it was when it started, within milliseconds: topics, groups, offsets, quotas, settings and faults are gone, the topics of
    /// <see cref="KafkaCompatBrokerOptions.Topics"/> are there and empty. Connections stay; members of groups have to join again. Producer ids go on.
    /// Clients that still work make topics again where that is allowed, so stop them before.
    /// </summary>
    public Task ResetAsync() => InTurn(async () =>
    {
        Faults.Clear();
        await BrokerReset.Run(Life.Node, _start!).ConfigureAwait(false);
        await CreateTopics(_options.Topics).ConfigureAwait(false);
    });

    /// <summary>
    /// Stops the broker in order: what was begun is answered, leadership is given up, files are marked clean. Its port refuses connections until
    /// <see cref="ResumeAsync"/>.
    /// </summary>
    public Task StopAsync() => InTurn(async () =>
    {
        var life = Life;
        _life = null;
        await life.Stop().ConfigureAwait(false);
    });

    /// <summary>
    /// Ends the broker as <c>kill -9</c> does: connections are reset, nothing more is written from that moment on, files are not marked clean. What it had
    /// written is there after <see cref="ResumeAsync"/>, which recovers it.
    /// </summary>
    public Task KillAsync() => InTurn(async () =>
    {
        var life = Life;
        _life = null;
        await life.Kill().ConfigureAwait(false);
    });

    /// <summary>Starts a broker that was stopped or killed on the same port and files.</summary>
    public Task ResumeAsync() => InTurn(() => _life is null ? StartLife() : throw new InvalidOperationException("The broker is running already."));

    /// <summary>Stops or (<paramref name="unclean"/>) kills the broker and starts it again, with all its data.</summary>
    public async Task RestartAsync(bool unclean = false)
    {
        if (unclean) await KillAsync().ConfigureAwait(false);
        else await StopAsync().ConfigureAwait(false);
        await ResumeAsync().ConfigureAwait(false);
    }

    /// <summary>Stops the broker and deletes its temporary folder, where it has one. A second time does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.Run(async () =>
        {
            await _turn.WaitAsync().ConfigureAwait(false);
            try
            {
                if (_isDisposed) return;
                _isDisposed = true;
                var life = _life;
                _life = null;
                try
                {
                    if (life is not null) await life.Stop().ConfigureAwait(false);
                }
                finally
                {
                    Release();
                }
            }
            finally
            {
                _ = _turn.Release();
            }
        }).ConfigureAwait(false);
    }

    /// <summary>As <see cref="DisposeAsync"/>; it blocks until the broker has stopped, and no work of the broker needs the thread that waits.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private BrokerLife Life =>
        _life ?? throw new InvalidOperationException(_isDisposed ? "The broker is disposed of." : "The broker is not running. ResumeAsync starts it.");

    // One at a time, and away from whatever context the caller lives in.
    private Task InTurn(Func<Task> work) => Task.Run(async () =>
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            await work().ConfigureAwait(false);
        }
        finally
        {
            _ = _turn.Release();
        }
    });

    private async Task StartLife()
    {
        var life = await BrokerLife.Start(_config, _files, _clock, Faults, _logs).ConfigureAwait(false);
        // Ports that the settings left to the system stay what they are now.
        _config = life.Running.Config;
        var listener = _config.Listeners.AdvertisedOfBroker.First();
        BootstrapServers = string.Create(CultureInfo.InvariantCulture, $"{listener.Host}:{listener.Port}");
        ClusterId = life.Node.Broker.Metadata.ClusterId;
        _start ??= life.Node.Broker.Metadata.Current;
        _life = life;
    }

    private Partition Find(string topic, int partition)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return Life.Node.Broker.Partitions.Find(topic, partition)
            ?? throw new KafkaCompatException(ErrorCode.UnknownTopicOrPartition, $"Topic {Named(topic)} has no partition {partition}, or does not exist.");
    }

    private int PartitionsOf(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return Life.Node.Broker.Metadata.Current.Topics.TryGetValue(topic, out var found)
            ? found.Partitions.Count
            : throw new KafkaCompatException(ErrorCode.UnknownTopicOrPartition, $"Topic {Named(topic)} does not exist.");
    }

    /// <summary>Those of the options; a directory of an earlier broker has them already.</summary>
    private Task CreateMissingTopics() => CreateTopics([.. _options.Topics.Where(topic => !Exists(topic.Name))]);

    private Task CreateIfMissing(string topic) => Exists(topic) ? Task.CompletedTask : CreateTopics([new BrokerTopic(topic)]);

    private bool Exists(string topic) => Life.Node.Broker.Metadata.Current.Topics.ContainsKey(topic);

    private async Task CreateTopics(IReadOnlyList<BrokerTopic> topics)
    {
        if (topics.Count == 0) return;
        var request = new CreateTopicsRequest
        {
            TimeoutMs = BrokerSettings.RequestTimeoutMs,
            Topics =
            [
                .. topics.Select(static topic => new CreateTopicsRequest.CreatableTopic
                {
                    Name = topic.Name,
                    NumPartitions = PartitionsFor(topic),
                    ReplicationFactor = -1,
                    Configs =
                        [.. topic.Configs.Select(static config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Key, Value = config.Value })],
                }),
            ],
        };
        var answer = await Life.Node.Controller.Ask(request).ConfigureAwait(false);
        var refused = answer.Topics.FindAll(static topic => topic.ErrorCode != ErrorCode.None);
        if (refused.Count > 0)
        {
            throw new KafkaCompatException(refused[0].ErrorCode,
                OnLines(refused.Select(static topic =>
                $"Topic {Named(topic.Name)} is not created: {KafkaCompatException.Reason(topic.ErrorCode, topic.ErrorMessage)}")));
        }
    }

    /// <summary>-1 stands for the broker's default on the wire, and nowhere else.</summary>
    private static int PartitionsFor(BrokerTopic topic) => topic.Partitions switch
    {
        0 => -1,
        < 0 => throw new KafkaCompatException(ErrorCode.InvalidPartitions, string.Create(CultureInfo.InvariantCulture,
            $"Topic {Named(topic.Name)} is not created: it cannot have {topic.Partitions} partitions. 0 is the broker's default.")),
        var partitions => partitions,
    };

    /// <summary>One problem as it is, several a line each.</summary>
    private static string OnLines(IEnumerable<string> problems) => problems.ToList() is { Count: > 1 } several
        ? string.Create(CultureInfo.InvariantCulture,
        $"{several.Count} problems:{string.Concat(several.Select(static problem => $"{Environment.NewLine}- {problem}"))}{Environment.NewLine}")
        : problems.First();

    /// <summary>A topic in a message; one without a name is seen too.</summary>
    private static string Named(string topic) => topic.Length == 0 ? "\"\"" : topic;

    private void Release()
    {
        _port.Dispose();
        _controllerPort.Dispose();
        // A start that is refused early has no files yet.
        _files?.Dispose();
    }
}
