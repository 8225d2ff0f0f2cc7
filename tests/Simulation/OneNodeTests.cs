using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace KafkaCompat.Simulation;

/// <summary>
/// One node, whole and from seeds. <c>SIMULATION_SEEDS</c> (a number, or FROM-TO) and <c>SIMULATION_SECONDS</c> (virtual ones, of each seed) make the run
/// longer, <c>SIMULATION_RESULTS</c> names a file for a line a seed, and <c>SIMULATION_TRACE</c> one for the events of the last seed.
/// </summary>
public sealed class OneNodeTests(ITestOutputHelper output)
{
    private const string Seeds = "SIMULATION_SEEDS";
    private const string Seconds = "SIMULATION_SECONDS";
    private const string Results = "SIMULATION_RESULTS";
    private const int UsualSeconds = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public void Nothing_acknowledged_is_lost_and_no_session_ends_early_or_late()
    {
        foreach (var seed in SeedsOf(Setting(Seeds) ?? "1-3"))
        {
            using var text = Setting("SIMULATION_TRACE") is { } path ? new StreamWriter(path) : null;
            var result = OneNode.Run(seed, int.Parse(Setting(Seconds) ?? $"{UsualSeconds}", CultureInfo.InvariantCulture), text);
            output.WriteLine(result.ToString());
            if (Setting(Results) is { } file)
            {
                File.AppendAllText(file, $"{result}\n");
            }

            Assert.True(result.Violations.Count == 0, $"{result}\n{string.Join('\n', result.Violations.Take(20))}");
        }
    }

    [Fact]
    public async Task Two_processes_do_the_same()
    {
        var file = Path.GetTempFileName();
        try
        {
            await InAnotherProcess(("SIMULATION_SEEDS", "4-5"), (Seconds, $"{UsualSeconds}"), (Results, file));
            var others = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
            Assert.Equal(2, others.Length);
            foreach (var (other, seed) in others.Zip(SeedsOf("4-5")))
            {
                Assert.Contains($"hash {OneNode.Run(seed, UsualSeconds).Hash} ", other, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Runs the other test in a process of its own: another seed of strings' hashes, other threads, other addresses.</summary>
    private static async Task InAnotherProcess(params (string Name, string Value)[] settings)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OneNodeTests).Assembly.Location);
        }

        start.ArgumentList.Add("-method");
        start.ArgumentList.Add($"{typeof(OneNodeTests).FullName}.{nameof(Nothing_acknowledged_is_lost_and_no_session_ends_early_or_late)}");
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (said, failed) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        Assert.True(process.ExitCode == 0, $"{await said}\n{await failed}");
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static IEnumerable<int> SeedsOf(string range)
    {
        var parts = range.Split('-').Select(static part => int.Parse(part, CultureInfo.InvariantCulture)).ToList();
        return Enumerable.Range(parts[0], parts[^1] - parts[0] + 1);
    }
}
