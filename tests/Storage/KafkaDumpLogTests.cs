using System.Diagnostics;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Kafka's own kafka-dump-log reads what we write.</summary>
public sealed class KafkaDumpLogTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kafkacompat-dump-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ReadsLogsIndexesAndSnapshotsWithoutAComplaint()
    {
        var tool = KafkaReference.Require("kafka");
        if (!HasJava())
            Assert.Skip("There is no Java to run kafka-dump-log with.");
        var folder = Path.Combine(_root, "t-0");
        var records = Write(folder);

        var logs = string.Join(',', Files(folder, ".log"));
        // The tool complains about the first batch of every segment but the first, in Kafka's own files too.
        var text = Run(tool, "--deep-iteration", "--files", logs)
            .Replace("Non-consecutive offsets in", "", StringComparison.Ordinal);
        Assert.DoesNotMatch("[0-9]+ is followed by", text.Replace("-1 is followed by", "", StringComparison.Ordinal));
        Assert.Equal(records, text.Split('\n').Count(static line => line.StartsWith("| offset: ", StringComparison.Ordinal)));
        text += Run(tool, "--index-sanity-check", "--files", string.Join(',', Files(folder, ".index")));
        Assert.Contains("passed sanity check", text, StringComparison.Ordinal);
        text += Run(tool, "--verify-index-only", "--files", string.Join(',', Files(folder, ".index").Concat(Files(folder, ".timeindex"))));
        var snapshots = Run(tool, "--files", string.Join(',', Files(folder, ".snapshot")));
        Assert.Contains("producerId: 7 producerEpoch: 1", snapshots, StringComparison.Ordinal);
        var transactions = Run(tool, "--files", string.Join(',', Files(folder, ".txnindex")));
        Assert.Contains("producerId: 7 firstOffset:", transactions, StringComparison.Ordinal);
        foreach (var complaint in (string[])["Found", "Mismatches", "Non-consecutive", "not valid", "Exception", "invalid", "could not"])
            Assert.DoesNotContain(complaint, text + snapshots + transactions, StringComparison.OrdinalIgnoreCase);
    }

    private static long Write(string folder)
    {
        var environment = new LogEnvironment(new DiskFileStore(), new FixedClock(Batches.StartMs), new Random(1));
        var log = PartitionLog.Open(environment, folder, new TopicPartition("t", 0),
            LogSettings.Default with { SegmentBytes = 20_000, IndexIntervalBytes = 500 }, new LogOpening(false));
        long records = 0;
        var sequence = 0;
        for (var i = 0; i < 200; i++)
        {
            var offset = log.LogEndOffset;
            var timestamp = Batches.StartMs + i * 100;
            var batch = (i % 10) switch
            {
                3 or 5 => Batches.Produced(offset, 7, 1, sequence++, transactional: true, timestamp: timestamp),
                8 => Batches.Marker(offset, 7, 1, commit: i % 20 == 8, timestamp: timestamp),
                _ => Batches.Plain(offset, 5, 60, timestamp),
            };
            log.Append(batch);
            records = log.LogEndOffset;
        }
        log.Close();
        return records;
    }

    private static IEnumerable<string> Files(string folder, string suffix) =>
        Directory.EnumerateFiles(folder, "*" + suffix).Where(path => Path.GetExtension(path) == suffix).Order(StringComparer.Ordinal);

    private static bool HasJava()
    {
        try
        {
            using var java = Process.Start(new ProcessStartInfo("java", "-version") { RedirectStandardError = true, RedirectStandardOutput = true });
            java!.WaitForExit();
            return java.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string Run(string tool, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("bash", [tool, "kafka-dump-log", .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var complaints = error.GetAwaiter().GetResult();
        Assert.True(process.ExitCode == 0, text + complaints);
        return text + complaints;
    }
}
