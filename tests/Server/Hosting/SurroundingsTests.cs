using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Tests;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// What is wrong around a process (its streams, its signals, its limits, its folder) does not end a node that can go on, and an end is orderly.
/// </summary>
public sealed class SurroundingsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-surroundings-");

    [Theory]
    [InlineData(">/dev/full")]
    [InlineData("2>/dev/full")]
    [InlineData(">/dev/full 2>&1")]
    [InlineData(">&-")]
    [InlineData("2>&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData("</dev/null >/dev/null 2>/dev/null")]
    [InlineData("| true")]
    [InlineData("2>&1 | true")]
    public async Task A_node_serves_whatever_its_streams_are(string redirections)
    {
        // In the background and told by a file, because the shell of a pipe is not the program.
        var port = FreePort();
        using var shell = ProgramProcess.Shell(
            _folder.FullName, ": > started", redirections, [("KAFKA_LOG_LEVEL", "INFO")], "--port", Text(port));
        using var client = await Connect(port);
        await MakeItLog(client);
        await MakeItLog(client);
        var pid = await PidOf(port);
        using var kill = Process.Start("kill", ["-TERM", pid]);
        _ = await shell.End();
        Assert.True(File.Exists(Path.Combine(_folder.FullName, "data", ".kafka_cleanshutdown")));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(_folder.FullName, "data"), "*", SearchOption.AllDirectories),
            static file => HoldsALogLine(file));
    }

    /// <summary>Whoever stops a node may be impatient, and send one signal after another until the process is gone.</summary>
    [Fact]
    public async Task Signals_without_end_end_a_node_in_order()
    {
        if (OperatingSystem.IsWindows()) return;
        for (var i = 0; i < 5; i++)
        {
            using var program = ProgramProcess.Start(_folder.FullName, [("KAFKA_LOG_LEVEL", "ERROR")], ProgramProcess.Anywhere);
            Assert.StartsWith("kafkacompat node ", await program.Line(), StringComparison.Ordinal);
            using var kill = Process.Start("/bin/sh", ["-c", $"while kill -TERM {Text(program.Id)} 2>&-; do :; done"]);
            var (code, output, errors) = await program.End();
            Assert.Equal((0, "", ""), (code, output, errors));
            Assert.True(File.Exists(Path.Combine(_folder.FullName, "data", ".kafka_cleanshutdown")));
        }
    }

    [Fact]
    public async Task Lines_that_nobody_reads_are_dropped_and_counted()
    {
        var port = FreePort();
        using var program = ProgramProcess.Start(_folder.FullName, [("KAFKA_LOG_LEVEL", "INFO")], "--port", Text(port));
        Assert.NotNull(await program.Line());
        using (var client = await Connect(port))
        {
            // Far more than a pipe and the program hold.
            for (var i = 0; i < 2_000; i++)
            {
                await Set(client, "max.connections", Text(1_000_000 + i));
            }

            var told = program.ErrorLine("lines were lost here: nobody read them");
            await Eventually.Is(async () =>
            {
                await Set(client, "max.connections", "5");
                return told.IsCompleted;
            });
            _ = await told;
        }

        _ = await program.Stop();
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    [InlineData("XCPU")]
    [InlineData("PWR")]
    public async Task A_signal_that_asks_for_the_end_gets_an_orderly_one_and_a_second_changes_nothing(string signal)
    {
        using var program = ProgramProcess.Start(_folder.FullName, [("KAFKA_LOG_LEVEL", "INFO")], ProgramProcess.Anywhere);
        Assert.NotNull(await program.Line());
        await program.Signal(signal);
        _ = await program.ErrorLine($"Stopping on SIG{signal}");
        if (!program.Process.HasExited)
        {
            using var again = Process.Start("kill", [$"-{signal}", Text(program.Id)]);
            await again.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var (code, _, errors) = await program.End();
        Assert.Equal(0, code);
        Assert.Contains("Stopped after ", errors, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder.FullName, "data", ".kafka_cleanshutdown")));
    }

    [Theory]
    [InlineData("QUIT")]
    [InlineData("PIPE")]
    [InlineData("USR1")]
    [InlineData("USR2")]
    [InlineData("XFSZ")]
    [InlineData("TTOU")]
    [InlineData("WINCH")]
    [InlineData("CHLD")]
    [InlineData("CONT")]
    [InlineData("URG")]
    [InlineData("ALRM")]
    [InlineData("VTALRM")]
    [InlineData("PROF")]
    [InlineData("IO")]
    [InlineData("RTMIN+6")]
    [InlineData("64")]
    public async Task A_signal_that_asks_for_nothing_ends_nothing(string signal)
    {
        var port = FreePort();
        using var program = ProgramProcess.Start(_folder.FullName, [], "--port", Text(port));
        Assert.NotNull(await program.Line());
        await program.Signal(signal);
        using var client = await Connect(port);
        await MakeItLog(client);
        _ = await program.Stop();
    }

    [Fact]
    public async Task What_nohup_ignores_stays_ignored()
    {
        using var program = ProgramProcess.Shell(_folder.FullName, "trap '' HUP", "", [("KAFKA_LOG_LEVEL", "INFO")], ProgramProcess.Anywhere);
        Assert.NotNull(await program.Line());
        await program.Signal("HUP");
        var (_, errors) = await program.Stop();
        Assert.Contains("Stopping on SIGTERM", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_has_gone_keeps_no_node_with_absolute_directories_from_starting()
    {
        using var program = ProgramProcess.Shell(
            _folder.FullName, "mkdir gone && cd gone && rmdir ../gone", "", [],
            [.. ProgramProcess.Anywhere, "--override", $"log.dirs={_folder.FullName}/data"]);
        Assert.StartsWith("kafkacompat node 1 on ", await program.Line(), StringComparison.Ordinal);
        Assert.Equal(("", ""), await program.Stop());
    }

    [Fact]
    public async Task A_folder_that_has_gone_and_a_relative_directory_are_one_line()
    {
        using var program = ProgramProcess.Shell(_folder.FullName, "mkdir gone && cd gone && rmdir ../gone", "", [], ProgramProcess.Anywhere);
        var (code, output, errors) = await program.End();
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("kafkacompat: The folder that this program was started in does not exist any more", Assert.Single(errors.TrimEnd().Split('\n')),
            StringComparison.Ordinal);
    }

    /// <summary>Each assembly of a program that .NET runs is a file: with too few of them a start would end wherever one was missing.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(48)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(128)]
    [InlineData(191)]
    public async Task Too_few_files_to_start_with_are_one_line(int files)
    {
        using var program = ProgramProcess.Shell(_folder.FullName, $"ulimit -c 0; ulimit -n {files}", "", [], ProgramProcess.Anywhere);
        var (code, output, errors) = await program.End();
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"kafkacompat: This process may have {files} files and sockets open (ulimit -n)", Assert.Single(errors.TrimEnd().Split('\n')),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "data")));
    }

    /// <summary>
    /// Clients and partitions that want all descriptors get what is theirs. Who asks for health and metrics is answered, and so is a client that was there
    /// before. The log has a line about those who were not, clients and scrapers, and the stop is an orderly one.
    /// </summary>
    [Fact]
    public async Task A_node_whose_descriptors_are_used_up_still_tells_of_itself_and_stops()
    {
        var (port, httpPort) = (FreePort(), FreePort());
        using var program = ProgramProcess.Shell(
            _folder.FullName, "ulimit -c 0; ulimit -n 256", "",
            [("KAFKA_LOG_LEVEL", "WARN"), ("KAFKA_KAFKACOMPAT_HTTP_LISTENER", $"127.0.0.1:{Text(httpPort)}")], "--port", Text(port));
        Assert.NotNull(await program.Line());
        using var client = await Connect(port);
        await CreateTopic(client, "before", 1);
        Assert.Equal(ErrorCode.None, await Produce(client, "before", 0));
        var clients = new List<Socket>();
        var scrapers = new List<Socket>();
        try
        {
            await OpenAll(port, clients);
            _ = await program.ErrorLine("Closing new connections on ");
            await CreateTopic(client, "after", 60);
            // A partition opens its files with its first record.
            var index = 0;
            while (await Produce(client, "after", index++) == ErrorCode.None) Assert.InRange(index, 0, 59);
            _ = await program.ErrorLine("refused for lack of descriptors");
            using (var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Text(httpPort)}/") })
            {
                for (var i = 0; i < 3; i++)
                {
                    Assert.Contains("process_open_files", await http.GetStringAsync("metrics", TestContext.Current.CancellationToken),
                        StringComparison.Ordinal);
                    using var ready = await http.GetAsync("health/ready", TestContext.Current.CancellationToken);
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
                    Assert.Contains("ulimit -n", await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
                }
            }

            await OpenAll(httpPort, scrapers);
            Assert.InRange(scrapers.Count, 1, 16);
            _ = await program.ErrorLine($"127.0.0.1:{Text(httpPort)}, where metrics and health are served, ");
            Assert.Equal(ErrorCode.None, await Produce(client, "before", 0));
            _ = await program.Stop();
            Assert.True(File.Exists(Path.Combine(_folder.FullName, "data", ".kafka_cleanshutdown")));
        }
        finally
        {
            foreach (var socket in clients.Concat(scrapers)) socket.Dispose();
        }
    }

    [Fact]
    public async Task A_limit_of_file_size_fails_the_directory_and_not_the_process()
    {
        // In blocks of 512 bytes: indexes as they are reserved fit, a segment does not. What the JIT would map of its own from a file does not either.
        var port = FreePort();
        using var program =
            ProgramProcess.Shell(_folder.FullName, "ulimit -c 0; ulimit -f 30000", "", [("DOTNET_EnableWriteXorExecute", "0")], "--port", Text(port));
        Assert.NotNull(await program.Line());
        using (var client = await Connect(port))
        {
            _ = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
                new CreateTopicsRequest { Topics = { new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 } }, TimeoutMs = 120_000 }, 7);
            try
            {
                for (var i = 0; i < 70; i++)
                {
                    using var batch = new RecordBatchBuilder();
                    batch.Append(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), NullableBytes.Null, new byte[300_000]);
                    await client.Post(Records.Produce("t", batch.ToArray()), 12);
                    _ = await client.Receive();
                }
            }
            catch (SocketException)
            {
                // The node has lost its only directory, and ends.
            }
        }

        var (code, _, errors) = await program.End();
        Assert.Equal(1, code);
        Assert.Contains("has failed: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_notify_socket_that_is_none_or_is_not_read_holds_up_nothing()
    {
        foreach (var path in (string[])["/nowhere/notify", new string('x', 300), "@", _folder.FullName])
        {
            using var program = ProgramProcess.Start(_folder.FullName, [("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "10000")], ProgramProcess.Anywhere);
            Assert.NotNull(await program.Line());
            Assert.Equal(("", ""), await program.Stop());
        }

        var full = Path.Combine(_folder.FullName, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveBufferSize = 1 };
        socket.Bind(new UnixDomainSocketEndPoint(full));
        using (var stuck = ProgramProcess.Start(_folder.FullName, [("NOTIFY_SOCKET", full), ("WATCHDOG_USEC", "1000")], ProgramProcess.Anywhere))
        {
            Assert.NotNull(await stuck.Line());
            _ = await stuck.Stop();
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool HoldsALogLine(string file) =>
        File.ReadAllText(file).Contains("INFO ", StringComparison.Ordinal) || File.ReadAllText(file).Contains("WARN ", StringComparison.Ordinal);

    private static int FreePort()
    {
        // Two in a row, below those that the system gives to clients.
        for (var port = 10_000 + (Random.Shared.Next(8_000) * 2); ; port += 2)
        {
            try
            {
                foreach (var one in (int[])[port, port + 1])
                {
                    using var socket = new TcpListener(System.Net.IPAddress.Loopback, one);
                    socket.Start();
                }

                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    private static async Task<SocketClient> Connect(int port)
    {
        SocketClient? client = null;
        await Eventually.Is(async () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
                client = new SocketClient(socket);
            }
            catch (SocketException)
            {
                socket.Dispose();
            }

            return client is not null;
        });
        return client!;
    }

    private static async Task CreateTopic(SocketClient client, string name, int partitions)
    {
        var created = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = { new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 } }, TimeoutMs = 120_000 }, 7);
        Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
    }

    private static async Task<ErrorCode> Produce(SocketClient client, string topic, int partition)
    {
        using var batch = new RecordBatchBuilder();
        batch.Append(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), NullableBytes.Null, "a record"u8);
        var produced = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce(topic, batch.ToArray(), partition), 12);
        return produced.Responses[0].PartitionResponses[0].ErrorCode;
    }

    /// <summary>Connects until the node closes a connection as it comes.</summary>
    private static async Task OpenAll(int port, List<Socket> open)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            open.Add(socket);
            await socket.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
            // Only a node that closes makes a silent connection readable; the last one may be seen with the next.
            var closed = new List<Socket>(open);
            Socket.Select(closed, null, null, microSeconds: 1_000);
            if (closed.Count > 0) return;
        }
    }

    /// <summary>The broker logs a warning about a host that has no address.</summary>
    private static Task MakeItLog(SocketClient client) => Set(client, "max.connections.per.ip.overrides", $"host{Random.Shared.Next()}.invalid:5");

    private static async Task Set(SocketClient client, string name, string value)
    {
        var response = await client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                {
                    new() { ResourceType = 4, ResourceName = "1", Configs = { new() { Name = name, ConfigOperation = 0, Value = value } } },
                },
            },
            1);
        Assert.Equal(ErrorCode.None, response.Responses[0].ErrorCode);
    }

    /// <summary>The process that listens on that port, by the kernel's tables.</summary>
    private static async Task<string> PidOf(int port)
    {
        using var find = Process.Start(
            new ProcessStartInfo("/bin/sh",
            ["-c", $"pgrep -f -- '--port {port}' | while read p; do case \"$(readlink /proc/$p/exe)\" in *dotnet) echo $p;; esac; done"])
            {
                RedirectStandardOutput = true
            })!;
        var pid = (await find.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n')[0];
        Assert.NotEmpty(pid);
        return pid;
    }
}
