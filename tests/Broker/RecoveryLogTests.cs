using KafkaCompat.Broker.Partitions;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>Each act of recovery has an event of its own, which names the partition and the file.</summary>
public sealed class RecoveryLogTests
{
    private static readonly HashSet<RepairAct> Harmless = [RepairAct.CleaningUndone, RepairAct.CleaningFinished, RepairAct.DeletionFinished, RepairAct.DeletionResumed, RepairAct.SnapshotsDeleted];
    private static readonly HashSet<RepairAct> Losses = [RepairAct.LogCut, RepairAct.DamageKept, RepairAct.SegmentsDeleted, RepairAct.LogStartedOver, RepairAct.RecordsMissing, RepairAct.AcknowledgedLost];

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
        if (act == RepairAct.LogCut) Assert.Contains("to end at offset 77: 4711 bytes at the end of /data/orders-3/00000000000000000042.log were removed, because of the moon", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Acts))]
    public void What_the_metadata_log_has_lost_is_an_error(RepairAct act)
    {
        var (level, _, _) = Assert.Single(Lines("/data/__cluster_metadata-0/00000000000000000000.log", act));
        Assert.Equal(Losses.Contains(act), level == LogLevel.Error);
    }

    [Fact]
    public void No_two_acts_share_an_event()
    {
        var events = Enum.GetValues<RepairAct>().Select(static act => Lines("/data/orders-3/x", act).Single().Event).ToList();
        Assert.Equal(events.Count, events.Distinct().Count());
    }

    private static List<(LogLevel Level, int Event, string Text)> Lines(string path, RepairAct act)
    {
        var logger = new Recorder();
        new RecoveryLog(logger).Repaired(new LogRepair(act, path, "of the moon", 80, 77, 4711));
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
