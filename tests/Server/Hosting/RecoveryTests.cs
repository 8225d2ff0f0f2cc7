using System.Diagnostics;
using System.Globalization;
using System.Net;
using KafkaCompat.Broker.Tests;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// The program over directories that a kill, a disk or a person left: it says what it repairs, answers while it does, ends when it is told to, and comes up
/// with what it ran with.
/// </summary>
public sealed class RecoveryTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-recovery-");
    private readonly CancellationTokenSource _deadline = new(Patience);

    private string Data => Path.Combine(_folder.FullName, "data");

    [Fact]
    public async Task What_was_repaired_is_said_and_counted()
    {
        await Write(partitions: 4);
        Unclean();
        var log = Segment("t-0", ".log");
        var length = new FileInfo(log).Length;
        await File.AppendAllBytesAsync(log, [1, 2, 3, 4, 5], _deadline.Token);
        File.Delete(Segment("t-1", ".index"));
        await File.WriteAllTextAsync(Path.Combine(Data, "log-start-offset-checkpoint"), "0\n1\nt 2 99\n", _deadline.Token);
        await File.WriteAllBytesAsync(Path.Combine(Data, "t-3", "00000000000000000000.log.deleted"), [1], _deadline.Token);
        using var program = Start("INFO");
        var ready = await program.StandardOutput.ReadLineAsync(_deadline.Token);
        var metrics = await Get(Url(ready) + "/metrics");
        await Signal(program, 0);
        var said = await program.StandardError.ReadToEndAsync(_deadline.Token);
        AssertSaid(said,
            $" WARN  logs: The log of t-0 was cut to end at offset 10: 5 bytes at the end of data/t-0/{Path.GetFileName(log)} were removed, because the file "
            + $"ends within the batch at byte {length}.");
        AssertSaid(said, " WARN  logs: An index of t-1 was missing or damaged. It was rebuilt from ");
        AssertSaid(said, " WARN  logs: The log of t-2 was emptied in ");
        AssertSaid(said, " INFO  logs: The file ");
        AssertSaid(said, " was not closed cleanly. Its logs are checked from their recovery points on.");
        AssertSaid(said, " The logs were opened in ");
        Assert.Contains("kafka_log_repairs_total{act=\"LogCut\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kafka_log_repairs_total{act=\"LogStartedOver\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_of_the_metadata_log_is_an_error()
    {
        await Write(partitions: 1);
        var log = Segment("__cluster_metadata-0", ".log");
        var bytes = await File.ReadAllBytesAsync(log, _deadline.Token);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(log, bytes, _deadline.Token);
        using var program = Start("WARN");
        Assert.StartsWith("kafkacompat node ", await program.StandardOutput.ReadLineAsync(_deadline.Token), StringComparison.Ordinal);
        await Signal(program, 0);
        AssertSaid(await program.StandardError.ReadToEndAsync(_deadline.Token), " ERROR logs: The log of __cluster_metadata-0 was cut to end at offset ");
    }

    /// <summary>A file that does not answer stands for a recovery that takes long: whoever opens a pipe that nobody writes to waits for ever.</summary>
    [Fact]
    public async Task While_it_recovers_it_is_alive_not_ready_and_ends_when_it_is_told_to()
    {
        if (OperatingSystem.IsWindows()) return;
        await Write(partitions: 3);
        Unclean();
        var file = Path.Combine(Data, "t-1", "partition.metadata");
        File.Move(file, file + ".kept");
        using (var pipe = Process.Start("mkfifo", [file]))
            await pipe.WaitForExitAsync(_deadline.Token);
        foreach (var signal in (string[])["-TERM", "-INT"])
        {
            using var program = Start("INFO");
            var url = await Said(program, "Metrics and health are served on ");
            var ready = "";
            while (!ready.Contains("2 of 3 partitions", StringComparison.Ordinal)) ready = await Get(url + "/health/ready", HttpStatusCode.ServiceUnavailable);
            Assert.Matches("^The node is starting: 2 of 3 partitions are opened; [0-9]+ bytes of batches are checked.\n$", ready);
            Assert.Matches("^alive\nnode 1 of cluster .{22}\n$", await Get(url + "/health/live"));
            const string Another = "is answered by another node: node 1 of cluster ";
            foreach (
                var (node, data, said) in ((string, string, string)[])[("1", Data, "The node is starting: 2 of 3 partitions"), ("7", "none", Another),
                ("7", Data, Another)])
            {
                // Asked by settings, another node's start is not taken for this one's.
                using var health = ProgramProcess.Start(
                    _folder.FullName, [("KAFKA_KAFKACOMPAT_HTTP_LISTENER", new Uri(url).Authority), ("KAFKA_NODE_ID", node), ("KAFKA_LOG_DIRS", data)],
                    "health");
                var (ended, _, errors) = await health.End();
                Assert.Equal(1, ended);
                Assert.Contains(said, errors, StringComparison.Ordinal);
            }
            Assert.Equal(ready, await Get(url + "/metrics", HttpStatusCode.ServiceUnavailable));
            // It takes 2 s at most where the machine is idle, and it would take for ever.
            await Signal(program, 0, signal);
            Assert.Contains(", during the start. The node is starting", await program.StandardError.ReadToEndAsync(_deadline.Token), StringComparison.Ordinal);
        }

        File.Move(file + ".kept", file, overwrite: true);
        using var again = Start("WARN");
        Assert.StartsWith("kafkacompat node ", await again.StandardOutput.ReadLineAsync(_deadline.Token), StringComparison.Ordinal);
        await Signal(again, 0);
        Assert.Equal("", await again.StandardError.ReadToEndAsync(_deadline.Token));
    }

    [Fact]
    public async Task After_a_kill_it_starts_with_the_descriptors_that_it_ran_with()
    {
        if (!OperatingSystem.IsLinux()) return;
        await Write(partitions: 600);
        Unclean();
        using var program = Start("WARN", openFiles: 1_000);
        Assert.StartsWith("kafkacompat node ", await program.StandardOutput.ReadLineAsync(_deadline.Token), StringComparison.Ordinal);
        await Signal(program, 0);
        Assert.Equal("", await program.StandardError.ReadToEndAsync(_deadline.Token));
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>As <c>Assert.Contains</c>, which shows too little of a log.</summary>
    private static void AssertSaid(string said, string words) =>
        Assert.True(said.Contains(words, StringComparison.Ordinal), $"Not said: {words}\nSaid:\n{said}");

    private string Segment(string partition, string kind) => Path.Combine(Data, partition, "00000000000000000000" + kind);

    /// <summary>As after a kill: no marker, and nothing is known to be on the disk.</summary>
    private void Unclean()
    {
        File.Delete(Path.Combine(Data, ".kafka_cleanshutdown"));
        File.Delete(Path.Combine(Data, "recovery-point-offset-checkpoint"));
    }

    /// <summary>A node wrote ten records to each partition of topic t, and stopped.</summary>
    private async Task Write(int partitions)
    {
        await using var node = await RunningNode.Start(NodeSettings.Config(Data, NodeSettings.OnFreePorts()), NullLoggerFactory.Instance);
        var connection = new MemoryConnection();
        var client = new MemoryClient(connection, node.Node.Serve(connection, "PLAINTEXT"));
        var made = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = { new() { Name = "t", NumPartitions = partitions, ReplicationFactor = 1 } }, TimeoutMs = 60_000 }, 7);
        Assert.Equal(ErrorCode.None, made.Topics[0].ErrorCode);
        // The program that starts next has Kafka's retention, which would take older ones from it.
        var batch = Records.Batch(10, timestamp: TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        for (var i = 0; i < partitions; i++) _ = await Records.Send(client, "t", batch, i);
        client.CloseSending();
    }

    private Process Start(string level, int openFiles = 0)
    {
        string[] program =
        [
            "exec", Path.Combine(AppContext.BaseDirectory, "kafkacompat.dll"), "--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0",
            "--override", "kafkacompat.http.listener=127.0.0.1:0", "--override", "num.recovery.threads.per.data.dir=2",
        ];
        var start = openFiles == 0
            ? new ProcessStartInfo("dotnet", program)
            : new ProcessStartInfo("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"ulimit -n {openFiles} && exec dotnet \"$@\""), "sh", .. program]);
        start.WorkingDirectory = _folder.FullName;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (var name in start.Environment.Keys.Where(static key => key.StartsWith("KAFKA_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["KAFKA_LOG_LEVEL"] = level;
        return Process.Start(start)!;
    }

    private async Task Signal(Process program, int expected, string signal = "-TERM")
    {
        using var kill = Process.Start("kill", [signal, program.Id.ToString(CultureInfo.InvariantCulture)]);
        await program.WaitForExitAsync(_deadline.Token);
        Assert.Equal(expected, program.ExitCode);
    }

    /// <summary>What stands behind some words in the program's log, once it is there.</summary>
    private async Task<string> Said(Process program, string words)
    {
        while (await program.StandardError.ReadLineAsync(_deadline.Token) is { } line)
        {
            if (line.IndexOf(words, StringComparison.Ordinal) is var at and >= 0) return line[(at + words.Length)..].TrimEnd('.');
        }

        throw new EndOfStreamException($"The program ended without saying: {words}");
    }

    private static string Url(string? ready) =>
        ready is not null && ready.IndexOf("http://", StringComparison.Ordinal) is var at and >= 0
        ? ready[at..]
        : throw new InvalidDataException($"No URL: {ready}");

    private async Task<string> Get(string url, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri(url), _deadline.Token);
        Assert.Equal(expected, response.StatusCode);
        return await response.Content.ReadAsStringAsync(_deadline.Token);
    }
}
