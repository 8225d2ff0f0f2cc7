using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Logging;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>A stop that comes during a start is an orderly one, whatever becomes of the start.</summary>
public sealed class StartStopTests
{
    /// <summary>
    /// A part that was taken away under another that still worked, a disk that failed at that moment, a cause inside: the node was to end, and it does.
    /// </summary>
    public static TheoryData<Exception, bool> Failures() => new()
    {
        { new OperationCanceledException(), false },
        { new TaskCanceledException(), false },
        { new ObjectDisposedException("a log"), false },
        { new InvalidOperationException("The directories are not complete."), false },
        { new AggregateException(new ObjectDisposedException("a log")), false },
        { new KafkaStorageException("The log directory has failed earlier: No space left on device"), true },
        { new IOException("Input/output error"), true },
        { new ConfigurationException("Port 9092 is in use."), true },
        { new OperationCanceledException("The start was stopped.", new TaskCanceledException()), false },
        { new OperationCanceledException("The start was stopped.",
            new KafkaStorageException("The log directory has failed earlier: No space left on device")), true },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task However_a_start_that_is_to_end_ends_it_is_no_failure_of_the_program(Exception failure, bool isTold)
    {
        var lines = new RecordedLines(LogLevel.Information);
        await NodeHost.EndOfStart(Task.FromException<RunningNode>(failure), new NodeStart(TimeProvider.System, NullLoggerFactory.Instance), lines);
        Assert.Equal(isTold, lines.Lines.Count == 1);
        Assert.All(lines.Lines, line => Assert.EndsWith((failure.InnerException ?? failure).Message, line, StringComparison.Ordinal));
    }

    /// <summary>The disk does not answer while the directory is closed: everything else of the stop is done, and its mark is not written.</summary>
    [Fact]
    public async Task A_stop_that_waits_for_a_disk_ends_when_its_time_is_over()
    {
        var disk = new ForgetfulFileStore(TimeProvider.System);
        using var answers = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var files = new HookedFileStore(disk);
        var config = NodeSettings.Config("/data", NodeSettings.OnFreePorts("127.0.0.1"));
        var node = await RunningNode.Start(config, files, TimeProvider.System, NullLoggerFactory.Instance, NodeSeams.None);
        files.Before = (operation, path) =>
        {
            if (!path.Contains("recovery-point-offset-checkpoint", StringComparison.Ordinal)) return;
            _ = asked.TrySetResult();
            answers.Wait();
        };
        var time = new ManualTime();
        var lines = new RecordedLines(LogLevel.Information);
        var stopping = node.DisposeAsync().AsTask();
        var ending = NodeHost.EndOfStop(stopping, time, lines);
        await asked.Task;
        time.Advance(TimeSpan.FromMilliseconds(NodeHost.MaxStopMs - 1_000));
        Assert.False(ending.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1_000));
        Assert.False(await ending);
        Assert.Contains("a disk does not answer", Assert.Single(lines.Lines), StringComparison.Ordinal);
        Assert.False(disk.FileExists("/data/.kafka_cleanshutdown"));
        answers.Set();
        await stopping;
        Assert.True(await NodeHost.EndOfStop(stopping, time, lines));
        Assert.True(disk.FileExists("/data/.kafka_cleanshutdown"));
    }

    /// <summary>
    /// The whole program around a node of two disks, one of which stops answering: be it that a background task waits for it before the stop, or that the stop
    /// does. The other directory is closed cleanly, and the program ends by its bound with a line and an exit code.
    /// </summary>
    [Theory]
    [InlineData("/b", true)]
    [InlineData("/b/recovery-point-offset-checkpoint", false)]
    [InlineData("/b/.kafka_cleanshutdown", false)]
    public async Task A_disk_that_does_not_answer_keeps_no_other_from_its_clean_mark(string path, bool isBeforeTheStop)
    {
        var disk = new ForgetfulFileStore(TimeProvider.System);
        using var answers = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hangs = false;
        var files = new HookedFileStore(disk)
        {
            Before = (operation, at) =>
            {
                if (!Volatile.Read(ref hangs) || !at.StartsWith(path, StringComparison.Ordinal)) return;
                _ = asked.TrySetResult();
                answers.Wait();
            },
        };
        var config = TwoDirectories();
        using var errors = new StringWriter();
        using var output = new StringWriter();
        var stop = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var time = new HurriedTime(TimeSpan.FromMilliseconds(DiskWork.DrainMs));
        var stopTime = new ManualTime();
        var run = NodeHost.Run(
            config, new ProgramOutput(TextWriter.Synchronized(output), TextWriter.Synchronized(errors), TimeProvider.System),
            new HostSeams { Files = files, Stop = stop.Task, Time = time, StopTime = stopTime });
        await Eventually.Is(() => run.IsCompleted || disk.FileExists("/b/t-0/partition.metadata") || disk.FileExists("/b/t-1/partition.metadata"));
        await Eventually.Is(() => run.IsCompleted || output.ToString().Contains("kafkacompat node 1 on", StringComparison.Ordinal));
        Volatile.Write(ref hangs, true);
        if (isBeforeTheStop) await asked.Task;
        time.Hurry();
        stop.SetResult("SIGTERM");
        await asked.Task;
        await Eventually.Is(() => disk.FileExists("/a/.kafka_cleanshutdown"));
        Assert.False(run.IsCompleted);
        await Eventually.Is(() =>
        {
            stopTime.Advance(TimeSpan.FromMilliseconds(NodeHost.MaxStopMs));
            return run.IsCompleted;
        });
        Assert.Equal(1, await run);
        Assert.Contains($"The node has not stopped within {NodeHost.MaxStopMs} ms: a disk does not answer.", errors.ToString(), StringComparison.Ordinal);
        Assert.False(disk.FileExists("/b/.kafka_cleanshutdown"));
        answers.Set();
    }

    private static ServerConfig TwoDirectories() => ServerConfig.Create(
        new Dictionary<string, string>
        {
            ["process.roles"] = "broker,controller",
            ["node.id"] = "1",
            ["listeners"] = "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0",
            ["controller.listener.names"] = "CONTROLLER",
            ["controller.quorum.bootstrap.servers"] = "127.0.0.1:9093",
            ["log.dirs"] = "/a,/b",
            ["kafkacompat.http.listener"] = "none",
            ["kafkacompat.topics"] = "t:4",
        },
        "localhost");

    /// <summary>As the program runs: one line tells of it with the place where it was met, and the last one what a person has to do.</summary>
    [Fact]
    public async Task A_broken_invariant_ends_the_program_with_1()
    {
        var disk = new ForgetfulFileStore(TimeProvider.System);
        var isBroken = false;
        var files = new HookedFileStore(disk)
        {
            Before = (operation, at) =>
            {
                // A background task looks for the recovery points of the first log.
                if (Volatile.Read(ref isBroken) && at.StartsWith("/a/", StringComparison.Ordinal) && at.Contains("-checkpoint", StringComparison.Ordinal))
                    throw new InvariantException($"{at}: {operation}", "a log ends behind its recovery point");
            },
        };
        using var errors = new StringWriter();
        using var output = new StringWriter();
        var program = new ProgramOutput(TextWriter.Synchronized(output), TextWriter.Synchronized(errors), TimeProvider.System);
        var time = new HurriedTime(TimeSpan.FromMilliseconds(DiskWork.DrainMs));
        var run = NodeHost.Run(TwoDirectories(), program, new HostSeams { Files = files, Stop = new TaskCompletionSource<string>().Task, Time = time });
        await Eventually.Is(() => run.IsCompleted || output.ToString().Contains("kafkacompat node 1 on", StringComparison.Ordinal));
        Volatile.Write(ref isBroken, true);
        time.Hurry();
        var broken = await Assert.ThrowsAsync<InvariantException>(() => run);
        Assert.Equal(1, StartFailure.Report(broken, program));
        var lines = errors.ToString().Split('\n').Where(static line => line.Contains("ERROR", StringComparison.Ordinal)).ToList();
        Assert.Contains("An invariant of the node does not hold. It ends and serves nothing more.", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Contains("Keep a copy of its log directories", errors.ToString().TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.False(disk.FileExists("/a/.kafka_cleanshutdown"));
        Assert.False(disk.FileExists("/b/.kafka_cleanshutdown"));
    }

    /// <summary>The line is the program's last one, and no start that failed.</summary>
    [Fact]
    public async Task A_stop_that_cannot_write_says_that_it_is_one()
    {
        using var lines = new RecordedLines(LogLevel.Information);
        var shortage = new IOException("Too many open files : '/data/t-0/x.snapshot.tmp'", 24);
        var lacks = await Assert.ThrowsAsync<IOException>(() =>
            NodeHost.EndOfStop(Task.FromException(new KafkaStorageException(shortage.Message, shortage)), TimeProvider.System, lines));
        Assert.Equal(
            "The node could not stop in order: Too many open files : '/data/t-0/x.snapshot.tmp'. The next start checks its files. "
            + "This process has as many files open as it may. Raise the limit (ulimit -n, LimitNOFILE= of systemd).",
            lacks.Message);
        var full = await Assert.ThrowsAsync<IOException>(() =>
            NodeHost.EndOfStop(Task.FromException(new IOException("No space left on device")), TimeProvider.System, lines));
        Assert.Equal("The node could not stop in order: No space left on device. The next start checks its files.", full.Message);
    }

    /// <summary>The message of a disk or a file says all. Where the program met it is for those who look for a fault of the program.</summary>
    [Theory]
    [InlineData(LogLevel.Warning, false)]
    [InlineData(LogLevel.Debug, true)]
    public void A_failure_of_files_has_no_stack_unless_somebody_looks_for_it(LogLevel least, bool hasStack)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var logger = new ConsoleLoggerFactory(text, least, TimeProvider.System).CreateLogger("a.logs");
        try
        {
            throw new KafkaStorageException("The log of t-0 has failed.", new IOException("Too many open files : '/data/t-0/x.log'"));
        }
        catch (KafkaStorageException failure)
        {
#pragma warning disable CA1848, CA1873, CA2254
            logger.LogError(failure, "The log of t-0 cannot be used.");
#pragma warning restore CA1848, CA1873, CA2254
        }

        Assert.Contains("ERROR logs: The log of t-0 cannot be used.", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("Too many open files : '/data/t-0/x.log'", text.ToString(), StringComparison.Ordinal);
        if (!hasStack)
        {
            Assert.EndsWith("ERROR logs: The log of t-0 cannot be used. The log of t-0 has failed. Too many open files : '/data/t-0/x.log'\n", text.ToString(),
                StringComparison.Ordinal);
        }

        Assert.Equal(hasStack, text.ToString().Contains("   at ", StringComparison.Ordinal));
        Assert.Equal(!hasStack, text.ToString().TrimEnd().Split('\n').Length == 1);
    }

    [Fact]
    public async Task The_line_of_a_node_that_is_ready_tells_offline_directories_apart()
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-offline-");
        try
        {
            using (var first = ProgramProcess.Start(folder.FullName, [], [.. ProgramProcess.Anywhere, "--override", "log.dirs=one"]))
            {
                Assert.NotNull(await first.Line());
                _ = await first.Stop();
            }

            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "two"), "a file", TestContext.Current.CancellationToken);
            using var program =
                ProgramProcess.Start(folder.FullName, [("KAFKA_LOG_LEVEL", "INFO")], [.. ProgramProcess.Anywhere, "--override", "log.dirs=one,two"]);
            Assert.Contains($", data in {folder.FullName}/one (offline: {folder.FullName}/two), started in ", await program.Line(), StringComparison.Ordinal);
            Assert.Contains($", directories: {folder.FullName}/one (offline: {folder.FullName}/two)", (await program.Stop()).Errors, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
