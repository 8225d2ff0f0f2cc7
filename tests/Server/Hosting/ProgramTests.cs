using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Settings;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>The program as a person meets it: a process, its exit code, its lines.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-program-");

    [Fact]
    public async Task A_start_prints_one_line_and_a_signal_ends_it_cleanly()
    {
        using var program = Start("--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0", "--override", "node.id=7");
        var line = await program.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(line);
        Assert.Matches($"^kafkacompat node 7 on localhost:[0-9]+, data in {_folder.FullName}/data, started in [0-9]+ ms$", line);
        var port = int.Parse(line[(line.IndexOf(':') + 1)..line.IndexOf(',')], CultureInfo.InvariantCulture);
        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, port, TestContext.Current.CancellationToken);

            // The connection has ended on both sides before the stop begins, which else would have to wait for it, and say so where the machine is busy.
            socket.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
        }

        await Stop(program);
        Assert.Equal("", await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal("", await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Settings_that_have_no_effect_are_named_in_the_log_with_the_reason_and_the_start_goes_on()
    {
        using var program = Start(
            [.. Anywhere, "--override", "metric.reporters=com.example.Reporter", "--override", "metrics.num.samples=3", "--override", "num.io.threads=8"]);
        Assert.StartsWith("kafkacompat node", await program.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await Stop(program);
        var line = Assert.Single((await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches("WARN .*Settings without effect: metric.reporters, metrics.num.samples. Reason: measurements leave as .NET metrics", line);
    }

    [Theory]
    [InlineData("process.roles must be broker,controller: a node of one role alone is not served.", "--override", "process.roles=broker")]
    [InlineData("Unknown setting num.partition; did you mean num.partitions?", "--override", "num.partition=1")]
    [InlineData("Invalid value x for configuration num.partitions: Not a number of type INT", "--override", "num.partitions=x")]
    [InlineData("--override needs key=value", "--override")]
    [InlineData("Error creating broker listeners from 'foo'", "--override", "listeners=foo")]
    [InlineData("Unknown option --what", "--what")]
    [InlineData("Cannot read none.properties", "none.properties")]
    [InlineData("Missing required configuration", "empty.properties")]
    [InlineData("this machine does not have the address 192.0.2.1. Name one of its own, or no host for all of them. (--override)", "--override",
        "listeners=PLAINTEXT://192.0.2.1:0")]
    [InlineData("to begin a cluster of one node. (--override)", "--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0", "--override",
        "controller.quorum.bootstrap.servers=a:1,b:2,c:3")]
    [InlineData("which is not served yet: KafkaCompat serves PLAINTEXT listeners. (--override)", "--override",
        "listeners=PLAINTEXT://localhost:0,SSL://localhost:1")]
    [InlineData(
        "The log directory /proc/xx, which holds the metadata log, cannot be used: /proc takes no files and no folders: it is of the kernel's file system "
        + "proc. (--override)", "--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0", "--override", "log.dirs=/proc/xx")]
    public async Task What_stands_in_the_way_is_one_line_and_exit_code_1(string expected, params string[] arguments)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "empty.properties"), "# nothing\n", TestContext.Current.CancellationToken);
        await Refused(expected, arguments);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_exit_code_1_and_leaves_no_directory()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        await Refused($"Port {port} is in use: listener PLAINTEXT://localhost:{port} cannot be bound to 127.0.0.1. (--override)", "--override",
            $"listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:0");
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "data")));
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("node")]
    [InlineData("damaged")]
    public async Task A_directory_that_cannot_be_served_is_one_line_and_exit_code_1(string what)
    {
        var (path, expected, overrides) = what switch
        {
            "folder" => ("/dev/null/data", "/dev/null/data", "node.id=1"),
            "node" => (await Formatted(), "node id", "node.id=2"),
            _ => (await Formatted(), "meta.properties", "node.id=1"),
        };
        if (what == "damaged")
        {
            await File.WriteAllTextAsync(Path.Combine(path, "meta.properties"), "version=7\n", TestContext.Current.CancellationToken);
        }

        await Refused(expected, [.. Anywhere, "--override", $"log.dirs={path}", "--override", overrides]);
    }

    [Fact]
    public async Task A_directory_in_use_is_one_line_and_exit_code_1()
    {
        using var first = Start(Anywhere);
        Assert.NotNull(await first.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        await Refused(".lock", Anywhere);
        await Stop(first);
    }

    [Fact]
    public async Task A_second_start_finds_what_the_first_one_left()
    {
        var path = await Formatted();
        var identity = await File.ReadAllTextAsync(Path.Combine(path, "meta.properties"), TestContext.Current.CancellationToken);
        Assert.Equal(path, await Formatted());
        Assert.Equal(identity, await File.ReadAllTextAsync(Path.Combine(path, "meta.properties"), TestContext.Current.CancellationToken));
        Assert.True(File.Exists(Path.Combine(path, ".kafka_cleanshutdown")));
    }

    [Fact]
    public async Task Help_and_version_are_printed()
    {
        foreach (var (option, expected) in ((string, string)[])[("--help", "--override KEY=VALUE"), ("--version", "Apache Kafka 4.4")])
        {
            using var program = Start(option);
            Assert.Contains(expected, await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            await program.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, program.ExitCode);
        }
    }

    [Fact]
    public void Without_a_file_the_controller_follows_the_brokers_port()
    {
        var config = ProgramSettings.Load(ProgramArguments.Parse(["--override", "listeners=PLAINTEXT://localhost:19092"]).Node);
        Assert.Equal("CONTROLLER://localhost:19093", Assert.Single(config.Listeners.OfController).ToString());
        Assert.Equal(["localhost:19093"], config.GetList("controller.quorum.bootstrap.servers"));
        Assert.Equal(["data"], config.LogDirs);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string[] Anywhere => ["--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0"];

    /// <summary>Starts and stops a node in this test's folder; returns its data directory.</summary>
    private async Task<string> Formatted()
    {
        using var program = Start(Anywhere);
        Assert.NotNull(await program.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        await Stop(program);
        return Path.Combine(_folder.FullName, "data");
    }

    private static async Task Stop(Process program)
    {
        using var kill = Process.Start("kill", ["-TERM", program.Id.ToString(CultureInfo.InvariantCulture)]);
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, program.ExitCode);
    }

    private async Task Refused(string expected, params string[] arguments)
    {
        using var program = Start(arguments);
        var error = await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, program.ExitCode);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(static c => c == '\n'));
        Assert.Equal("", await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "kafkacompat.dll"), .. arguments])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(static key => key.StartsWith("KAFKA_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        // Programs that run at a time would meet on its default port.
        start.Environment["KAFKA_KAFKACOMPAT_HTTP_LISTENER"] = "none";

        return Process.Start(start)!;
    }
}
