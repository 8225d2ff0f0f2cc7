using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Compat.Confluent;

/// <summary>A broker in a process of its own, on free ports with its data in a temporary folder. Which broker is up to the derived class.</summary>
public abstract partial class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(2);

    private readonly int _controllerPort = FreePort();
    private readonly List<string> _output = [];
    private Process? _process;

    protected BrokerProcess()
    {
        Folder = Directory.CreateTempSubdirectory("compat-confluent-").FullName;
        Port = FreePort();
        PropertiesFile = Path.Combine(Folder, "server.properties");
        File.WriteAllText(PropertiesFile, Properties());
    }

    protected string Folder { get; }

    protected string PropertiesFile { get; }

    private int Port { get; }

    public string Bootstrap => string.Create(CultureInfo.InvariantCulture, $"localhost:{Port}");

    /// <summary>The command that starts the broker with <see cref="PropertiesFile"/>.</summary>
    protected abstract ProcessStartInfo Command();

    public async Task StartAsync()
    {
        var command = Command();
        command.RedirectStandardOutput = command.RedirectStandardError = command.RedirectStandardInput = true;
        command.WorkingDirectory = Folder;
        _process = new Process { StartInfo = command };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();

        var started = Stopwatch.StartNew();
        while (!Answers())
        {
            if (_process.HasExited || started.Elapsed > StartTimeout)
            {
                throw new InvalidOperationException($"{GetType().Name} did not start:\n{Output()}");
            }

            await Task.Delay(50);
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>SIGKILL, wherever the broker is.</summary>
    public async Task KillAsync()
    {
        _process!.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is { HasExited: false })
        {
            await StopAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private async Task StopAsync()
    {
        var process = _process!;
        _ = Kill(process.Id, Terminate);
        using var limit = new CancellationTokenSource(StopTimeout);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{GetType().Name} did not stop within {StopTimeout} of SIGTERM:\n{Output()}");
        }

        process.Dispose();
        _process = null;
    }

    private bool Answers()
    {
        try
        {
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap, LogConnectionClose = false })
                .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
            return admin.GetMetadata(TimeSpan.FromSeconds(1)).Brokers.Count > 0;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.Add(line ?? "");
        }
    }

    private string Output()
    {
        lock (_output)
        {
            return string.Join('\n', _output.TakeLast(40));
        }
    }

    /// <summary>The settings of both brokers, which the other drivers start theirs from too.</summary>
    private string Properties() => File.ReadAllText(Path.Combine(KafkaReference.RepositoryRoot, "compat-tests", "server.properties"))
        .Replace("{port}", Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{controller}", _controllerPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{data}", Path.Combine(Folder, "data"), StringComparison.Ordinal);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private const int Terminate = 15;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
