using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KafkaCompat.Testing;

/// <summary>How a <see cref="KafkaCompatBroker"/> starts. Everything has a value that serves most tests.</summary>
public sealed record KafkaCompatBrokerOptions
{
    /// <summary>Where the broker keeps its files: memory, unless said otherwise here or by <see cref="DataDirectory"/>.</summary>
    public BrokerStorage Storage { get; init; } = BrokerStorage.Memory;

    /// <summary>
    /// The folder of <see cref="BrokerStorage.Directory"/>; naming one is enough. It is made where it is not there, opened where it holds a broker's files, and
    /// never deleted.
    /// </summary>
    public string? DataDirectory { get; init; }

    /// <summary>The port of 127.0.0.1 that clients connect to; 0 for one that the system chooses.</summary>
    public int Port { get; init; }

    /// <summary>
    /// The broker's clock. Sessions and rebalances of groups, retention of records and offsets, LogAppendTime, expiry of producer ids and the delays of
    /// <see cref="KafkaCompatBroker.Faults"/> follow it; give it a <c>FakeTimeProvider</c> and advance it. What clients measure on clocks of their own stays on
    /// real time: long polls (<c>fetch.max.wait.ms</c>), acknowledgements, throttling, idle connections, and the node's own quorum and heartbeats.
    /// </summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Whether topics come to be when clients ask for them.</summary>
    public bool AutoCreateTopics { get; init; } = true;

    /// <summary>Partitions of a topic for which nobody says how many.</summary>
    public int DefaultPartitions { get; init; } = 1;

    /// <summary>
    /// Topics that are there from the start, and again after <see cref="KafkaCompatBroker.ResetAsync"/>: <c>Topics = ["orders", new("payments", 3)]</c>.
    /// </summary>
    public IReadOnlyList<BrokerTopic> Topics { get; init; } = [];

    /// <summary>
    /// Settings as they stand in <c>server.properties</c>. They count more than the other options here, and more than what this package sets for the sake of
    /// short tests: no initial delay of rebalances, one partition for <c>__consumer_offsets</c>. An unknown one refuses the start.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Where the broker logs as lines of text: <c>LogTo = TestContext.Current.TestOutputHelper!.WriteLine</c> in xunit, <c>TestContext.Progress.WriteLine</c>
    /// in NUnit. It may be called from any thread. It counts more than <see cref="LoggerFactory"/>.
    /// </summary>
    public Action<string>? LogTo { get; init; }

    /// <summary>The least level of <see cref="LogTo"/>.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Where the broker logs; nowhere, unless said otherwise. The factory stays the caller's.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
