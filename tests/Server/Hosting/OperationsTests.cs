using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>The program as those who run it meet it: its HTTP port, the health command, the log as JSON, what systemd is told.</summary>
public sealed partial class OperationsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-operations-");
    private readonly CancellationTokenSource _deadline = new(Patience);

    [Fact]
    public async Task Health_is_asked_by_the_program_itself()
    {
        using var program = Start([("KAFKA_KAFKACOMPAT_HTTP_LISTENER", "localhost:0")], Anywhere);
        var line = await program.StandardOutput.ReadLineAsync(_deadline.Token);
        var url = Address().Match(line!).Value;
        Assert.NotEmpty(url);
        var (code, output, errors) = await Run("health", url);
        Assert.Equal((0, ""), (code, errors));
        Assert.Matches("^ready\nnode 1 of cluster .{22}\n$", output);
        Assert.Equal((0, output, ""), await Run("health", new Uri(url).Authority));
        (code, output, errors) = await Run("health", url + "/health/live");
        Assert.Equal((0, ""), (code, errors));
        Assert.Matches("^alive\nnode 1 of cluster .{22}\n$", output);
        Assert.Equal((1, "", "There are /metrics, /health/live and /health/ready.\n"), await Run("health", url + "/else"));
        await Stop(program);
        (code, output, errors) = await Run("health", url);
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"kafkacompat: {url}/health/ready does not answer: ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://localhost/")]
    [InlineData("nonsense")]
    public async Task A_health_check_of_no_URL_is_refused(string url)
    {
        var (code, _, errors) = await Run("health", url);
        Assert.Equal(1, code);
        Assert.Contains("is neither a file, nor host:port, nor a URL that begins with http://", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_for_HTTP_that_was_set_and_is_taken_ends_the_start_and_leaves_no_directory()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        taken.Listen();
        var (code, output, errors) = await Run([.. Anywhere, "--override", $"kafkacompat.http.listener={taken.LocalEndPoint}"]);
        Assert.Equal((1, ""), (code, output));
        Assert.Matches("^kafkacompat: Port [0-9]+ is in use: [^\n]*\n$", errors);
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "data")));
    }

    [Fact]
    public async Task A_default_port_for_HTTP_that_is_taken_costs_one_line()
    {
        using var first = Start([("KAFKA_KAFKACOMPAT_HTTP_LISTENER", null)], Anywhere);
        Assert.NotNull(await first.StandardOutput.ReadLineAsync(_deadline.Token));
        using var second = Start([("KAFKA_KAFKACOMPAT_HTTP_LISTENER", null)], [.. Anywhere, "--override", "log.dirs=second"]);
        Assert.Matches("started in [0-9]+ ms, no metrics \\(9464 in use\\)$", await second.StandardOutput.ReadLineAsync(_deadline.Token));
        await Stop(second);
        Assert.Matches("^[^\n]* WARN  kafkacompat: Metrics and health are not served: Port 9464 is in use: [^\n]*\n$",
            await second.StandardError.ReadToEndAsync(_deadline.Token));
        await Stop(first);
    }

    /// <summary>Another node holds the port: its answer is no answer of this one.</summary>
    [Fact]
    public async Task Health_by_settings_takes_no_other_nodes_answer()
    {
        using var first = Start([("KAFKA_KAFKACOMPAT_HTTP_LISTENER", "localhost:0"), ("KAFKA_LOG_DIRS", "first")], Anywhere);
        var port = new Uri(Address().Match((await first.StandardOutput.ReadLineAsync(_deadline.Token))!).Value).Port;
        using var second = Start([("KAFKA_LOG_DIRS", "second")], Anywhere);
        Assert.NotNull(await second.StandardOutput.ReadLineAsync(_deadline.Token));
        foreach (
            var (directory, node, expected) in ((string, string?, int)[])[("first", null, 0), ("second", null, 1), ("none", null, 0), ("none", "1", 0),
            ("none", "7", 1)])
        {
            await File.WriteAllLinesAsync(
                Path.Combine(_folder.FullName, "server.properties"),
                ["process.roles=broker,controller", "controller.listener.names=CONTROLLER", "listeners=PLAINTEXT://:9092,CONTROLLER://:9093",
                    "controller.quorum.bootstrap.servers=localhost:9093",
                    $"log.dirs={directory}", $"node.id={node ?? "1"}"],
                _deadline.Token);
            using var health = Start([("KAFKA_KAFKACOMPAT_HTTP_LISTENER", $"localhost:{port}")], "health", "server.properties");
            var errors = await health.StandardError.ReadToEndAsync(_deadline.Token);
            await health.WaitForExitAsync(_deadline.Token);
            Assert.Equal(expected, health.ExitCode);
            Assert.Equal(expected == 1, errors.Contains("is answered by another node: node 1 of cluster ", StringComparison.Ordinal));
        }

        await Stop(first);
        await Stop(second);
    }

    [Fact]
    public async Task As_JSON_every_line_is_an_object()
    {
        using var program = Start(
            [("KAFKA_LOG_LEVEL", "INFO"), ("KAFKA_NUM_PARTITION", "1"), ("KAFKA_KAFKACOMPAT_LOG_FORMAT", "json"),
            ("KAFKA_KAFKACOMPAT_HTTP_LISTENER", "127.0.0.1:0")], Anywhere);
        var ready = JsonDocument.Parse((await program.StandardOutput.ReadLineAsync(_deadline.Token))!).RootElement;
        Assert.StartsWith("kafkacompat node 1 on ", ready.GetProperty("message").GetString(), StringComparison.Ordinal);
        await Stop(program);
        var events = (await program.StandardError.ReadToEndAsync(_deadline.Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Contains("KAFKA_NUM_PARTITION names no setting", events[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("WARN", events[0].GetProperty("level").GetString());
        Assert.All(events[1..], static json => Assert.Equal("INFO", json.GetProperty("level").GetString()));
        Assert.Contains(events[1..], static json => json.GetProperty("event").GetString() == "Bound");
        Assert.Contains(events[1..], static json => json.GetProperty("event").GetString() == "Stopping"
            && json.GetProperty("values").GetProperty("Signal").GetString() == "SIGTERM");
    }

    [Fact]
    public async Task As_JSON_a_refusal_is_an_object_too()
    {
        var (code, _, errors) = await Run("--override", "kafkacompat.log.format=json", "--override", "listeners=PLAINTEXT://192.0.2.1:0");
        Assert.Equal(1, code);
        var json = JsonDocument.Parse(errors).RootElement;
        Assert.Equal("FATAL", json.GetProperty("level").GetString());
        Assert.Contains("this machine does not have the address 192.0.2.1", json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Whoever asked for JSON asked well, whatever is wrong with another word on the format or on anything else.</summary>
    [Theory]
    [InlineData("Invalid value xml for configuration kafkacompat.log.format", "KAFKA_KAFKACOMPAT_LOG_FORMAT", "--override", "kafkacompat.log.format=xml")]
    [InlineData("Unknown option --no", "KAFKA_KAFKACOMPAT_LOG_FORMAT", "--override", "kafkacompat.log.format=xml", "--no")]
    [InlineData("Unknown option --no", "KAFKA_CFG_KAFKACOMPAT_LOG_FORMAT", "--no")]
    [InlineData("is neither a file", "KAFKA_KAFKACOMPAT_LOG_FORMAT", "health", "nonsense")]
    [InlineData("takes no arguments", "KAFKA_KAFKACOMPAT_LOG_FORMAT", "random-uuid", "x")]
    public async Task As_JSON_a_refusal_is_an_object_whatever_it_is_about(string expected, string variable, params string[] arguments)
    {
        using var program = Start([(variable, "json")], arguments);
        var errors = await program.StandardError.ReadToEndAsync(_deadline.Token);
        await program.WaitForExitAsync(_deadline.Token);
        Assert.Equal(1, program.ExitCode);
        Assert.Contains(expected, JsonDocument.Parse(errors).RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_format_that_counts_more_is_taken_for_a_refusal_too()
    {
        using var program = Start([("KAFKA_KAFKACOMPAT_LOG_FORMAT", "json")], "--override", "kafkacompat.log.format=text", "--no");
        Assert.StartsWith("kafkacompat: Unknown option --no", await program.StandardError.ReadToEndAsync(_deadline.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Systemd_is_told_when_the_node_is_ready_alive_and_stopping()
    {
        var path = Path.Combine(_folder.FullName, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        using var program = Start([("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "200000")], Anywhere);
        Assert.StartsWith("READY=1\nSTATUS=kafkacompat node 1 on localhost:", await Told(), StringComparison.Ordinal);
        Assert.Equal("WATCHDOG=1", await Told());
        Assert.Equal("WATCHDOG=1", await Told());
        var ended = Stop(program);
        var told = await Told();
        while (told == "WATCHDOG=1") told = await Told();
        Assert.Equal("STOPPING=1", told);
        await ended;

        async Task<string> Told()
        {
            var bytes = new byte[4096];
            return Encoding.UTF8.GetString(bytes, 0, await socket.ReceiveAsync(bytes, _deadline.Token));
        }
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _folder.Delete(recursive: true);
    }

    private static string[] Anywhere => ["--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0"];

    private async Task<(int Code, string Output, string Errors)> Run(params string[] arguments)
    {
        using var program = Start([], arguments);
        var errors = program.StandardError.ReadToEndAsync(_deadline.Token);
        var output = await program.StandardOutput.ReadToEndAsync(_deadline.Token);
        await program.WaitForExitAsync(_deadline.Token);
        return (program.ExitCode, output, await errors);
    }

    private async Task Stop(Process program)
    {
        using var kill = Process.Start("kill", ["-TERM", program.Id.ToString(CultureInfo.InvariantCulture)]);
        await program.WaitForExitAsync(_deadline.Token);
        Assert.Equal(0, program.ExitCode);
    }

    private Process Start((string Name, string? Value)[] environment, params string[] arguments)
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

        start.Environment["KAFKA_KAFKACOMPAT_HTTP_LISTENER"] = "none";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    [GeneratedRegex("http://[^ ]+$")]
    private static partial Regex Address();
}
