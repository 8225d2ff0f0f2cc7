using KafkaCompat.Broker.Partitions;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>Each act of recovery has an event of its own, which names the partition and the file.</summary>
public sealed class RecoveryLoggerTests
{
    private static readonly HashSet<RepairAct> Harmless = [RepairAct.CleaningUndone, RepairAct.CleaningFinished, RepairAct.DeletionFinished,
        RepairAct.DeletionResumed, RepairAct.UnusedFolderDeleted, RepairAct.SnapshotsDeleted];
    private static readonly HashSet<RepairAct> Losses =
        [RepairAct.LogCut, RepairAct.DamageKept, RepairAct.SegmentsDeleted, RepairAct.LogStartedOver, RepairAct.RecordsMissing, RepairAct.AcknowledgedLost];

    public static TheoryData<RepairAct> Acts() => [.. Enum.GetValues<RepairAct>()];

    [Theory]
    [MemberData(nameof(Acts))]
    public void An_act_is_told_with_its_partition_and_its_file(RepairAct act)
    {
        var lines = Lines("/data/orders-3/00000000000000000042.log", act);
        var (level, _, text) = Assert.Single(lines);
        Assert.Equal(Harmless.Contains(act) ? LogLevel.Information : LogLevel.Warning, level);
        Assert.Contains("orders-3", text, StringComparison.Ordinal);
        Assert.Contains("/data/orders-3", text, StringComparison.Ordinal);
        if (act == RepairAct.LogCut)
        {
            Assert.Contains("to end at offset 77: 4711 bytes at the end of /data/orders-3/00000000000000000042.log were removed, because of the moon", text,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Acts))]
    public void What_the_metadata_log_has_lost_is_an_error(RepairAct act)
    {
        var (level, _, _) = Assert.Single(Lines("/data/__cluster_metadata-0/00000000000000000000.log", act));
        Assert.Equal(Losses.Contains(act), level == LogLevel.Error);
    }

    /// <summary>Of groups people know the offsets, not the log that keeps them.</summary>
    [Theory]
    [InlineData(RepairAct.LogCut, "__consumer_offsets-3", true)]
    [InlineData(RepairAct.SegmentsDeleted, "__consumer_offsets-3", true)]
    [InlineData(RepairAct.LogStartedOver, "__consumer_offsets-3", true)]
    [InlineData(RepairAct.AcknowledgedLost, "__consumer_offsets-3", true)]
    [InlineData(RepairAct.RecordsMissing, "__consumer_offsets-3", true)]
    [InlineData(RepairAct.IndexRebuilt, "__consumer_offsets-3", false)]
    [InlineData(RepairAct.LogCut, "orders-3", false)]
    [InlineData(RepairAct.LogCut, "__consumer_offsets.copy-3", false)]
    public void A_cut_of_what_groups_committed_says_what_becomes_of_them(RepairAct act, string partition, bool isTold)
    {
        var logger = new Recorder();
        var log = new RecoveryLogger(logger);
        log.Repaired(new LogRepair(act, $"/data/{partition}/00000000000000000042.log", "of the moon", 80, 77, 4711));
        log.Ended();
        Assert.Equal(isTold, Assert.Single(logger.Lines).Text.EndsWith(
            ". Offsets that groups had committed there are lost. These groups go on from earlier commits and read records again; one that has none left goes "
                + "by auto.offset.reset.", StringComparison.Ordinal));
    }

    [Fact]
    public void No_two_acts_share_an_event()
    {
        var events = Enum.GetValues<RepairAct>().Select(static act => Lines("/data/orders-3/x", act).Single().Event).ToList();
        Assert.Equal(events.Count, events.Distinct().Count());
    }

    /// <summary>
    /// Sixty lost indexes are one cause; one alone is told by its partition, and the metadata log's at once, because the start may end before the others.
    /// </summary>
    [Theory]
    [InlineData(1, "An index of t-0 was missing or damaged. It was rebuilt from /d/t-0/0.log.")]
    [InlineData(2, "Indexes of segments were missing or damaged and were rebuilt from /d/t-0/0.log, /d/t-1/0.log. Segments with such an index: 2.")]
    [InlineData(60,
        "Indexes of segments were missing or damaged and were rebuilt from /d/t-0/0.log, /d/t-1/0.log, /d/t-2/0.log and others. Segments with such an "
        + "index: 60.")]
    public void Indexes_that_a_start_builds_anew_are_one_line_at_its_end(int count, string expected)
    {
        var logger = new Recorder();
        var log = new RecoveryLogger(logger);
        log.Repaired(new LogRepair(RepairAct.IndexRebuilt, "/d/__cluster_metadata-0/0.log"));
        Assert.Equal("An index of __cluster_metadata-0 was missing or damaged. It was rebuilt from /d/__cluster_metadata-0/0.log.",
            Assert.Single(logger.Lines).Text);
        for (var i = 0; i < count; i++) log.Repaired(new LogRepair(RepairAct.IndexRebuilt, $"/d/t-{i}/0.log"));
        Assert.Single(logger.Lines);
        log.Ended();
        Assert.Equal(expected, logger.Lines[^1].Text);
        log.Ended();
        Assert.Equal(2, logger.Lines.Count);
        // Once the logs are open it is news of its own.
        log.Repaired(new LogRepair(RepairAct.IndexRebuilt, "/d/late-0/0.log"));
        Assert.Equal("An index of late-0 was missing or damaged. It was rebuilt from /d/late-0/0.log.", logger.Lines[2].Text);
    }

    private static List<(LogLevel Level, int Event, string Text)> Lines(string path, RepairAct act)
    {
        var logger = new Recorder();
        new RecoveryLogger(logger).Repaired(new LogRepair(act, path, "of the moon", 80, 77, 4711));
        return logger.Lines;
    }

    private sealed class Recorder : ILogger
    {
        public List<(LogLevel Level, int Event, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((logLevel, eventId.Id, formatter(state, exception)));
    }
}
