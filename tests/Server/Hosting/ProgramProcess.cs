using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>The program in a process of its own, in a folder of its own, started by a shell that first does to it what a test asks.</summary>
internal sealed class ProgramProcess : IDisposable
{
    /// <summary>Whatever the load of the machine is.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private ProgramProcess(Process process) => Process = process;

    public Process Process { get; }

    public int Id => Process.Id;

    public static string Binary { get; } = Path.Combine(AppContext.BaseDirectory, "kafkacompat.dll");

    /// <summary>Settings of a node on ports that the system chooses.</summary>
    public static string[] Anywhere { get; } = ["--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0"];

    public static ProgramProcess Start(string folder, IReadOnlyList<(string Name, string? Value)> environment, params IReadOnlyList<string> arguments) =>
        Shell(folder, "", "", environment, arguments);

    /// <summary>Starts it by a shell: <paramref name="before"/> is done first, <paramref name="redirections"/> stand behind its call.</summary>
    public static ProgramProcess Shell(string folder, string before, string redirections, IReadOnlyList<(string Name, string? Value)> environment,
        params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"{before}\nexec dotnet exec \"$@\" {redirections}", "sh", Binary, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var name in start.Environment.Keys.Where(static key => key.StartsWith("KAFKA_", StringComparison.Ordinal)
            || key is "CLUSTER_ID" or "JOURNAL_STREAM" or "NOTIFY_SOCKET").ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["KAFKA_KAFKACOMPAT_HTTP_LISTENER"] = "none";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ProgramProcess(System.Diagnostics.Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Output, string Errors)> Run(string folder, params IReadOnlyList<string> arguments)
    {
        using var program = Start(folder, [], arguments);
        return await program.End();
    }

    /// <summary>The next line of standard output; null at its end.</summary>
    public Task<string?> Line() => Process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    /// <summary>The next line of standard error that holds <paramref name="text"/>.</summary>
    public async Task<string> ErrorLine(string text)
    {
        while (await Process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new EndOfStreamException($"No line says {text}.");
    }

    public async Task Signal(string name)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits for the end; returns what was not read yet.</summary>
    public async Task<(int Code, string Output, string Errors)> End()
    {
        var errors = Process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await Process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        await Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        return (Process.ExitCode, output, await errors.WaitAsync(Patience));
    }

    /// <summary>Ends it in order and returns what it said since.</summary>
    public async Task<(string Output, string Errors)> Stop()
    {
        await Signal("TERM");
        var (code, output, errors) = await End();
        Assert.True(code == 0, $"exit code {code}: {errors}");
        return (output, errors);
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }

        Process.Dispose();
    }
}
