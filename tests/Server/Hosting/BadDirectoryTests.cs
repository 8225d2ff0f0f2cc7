using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>The real program over each directory in which Kafka's reference damaged one file: it starts, or ends with one clear line, as Kafka does.</summary>
public sealed class BadDirectoryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-bad-");

    /// <summary>The damaged file that the line of a refusal has to name, or a word of what is wrong with it.</summary>
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["bad-directory-id"] = "directory id",
        ["bad-epochs"] = "leader-epoch-checkpoint",
        ["bad-high-watermarks"] = "replication-offset-checkpoint",
        ["bad-meta-missing"] = "meta.properties",
        ["bad-meta-version"] = "meta.properties",
        ["bad-node-id"] = "node id",
        ["bad-quorum-state"] = "quorum",
        ["bad-recovery-points"] = "recovery-point-offset-checkpoint",
        ["bad-tail-noise"] = ".log",
        ["bad-tail-zeros"] = ".log",
    };

    public static TheoryData<string> Archives()
    {
        var folder = Path.Combine(KafkaReference.Folder, "datadirs");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "bad-*.tar.gz").Select(static path => Path.GetFileName(path)[..^".tar.gz".Length])
            .Order(StringComparer.Ordinal)]
            : [];
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Archives))]
    public async Task A_damaged_directory_is_started_or_refused_as_Kafka_does(string name)
    {
        var archive = KafkaReference.Require("datadirs", name + ".tar.gz");
        var about = JsonDocument.Parse(
            await File.ReadAllBytesAsync(KafkaReference.Require("datadirs", name + ".expected", "about.json"),
            TestContext.Current.CancellationToken)).RootElement;
        await using (var packed = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
        {
            await TarFile.ExtractToDirectoryAsync(packed, _folder.FullName, overwriteFiles: false, TestContext.Current.CancellationToken);
        }

        var (ready, line, exitCode) = await StartAndStop(name);
        if (about.GetProperty("started").GetBoolean())
        {
            Assert.StartsWith("kafkacompat node ", ready, StringComparison.Ordinal);
            Assert.Equal(0, exitCode);
            return;
        }

        Assert.Null(ready);
        Assert.Equal(about.GetProperty("exitCode").GetInt32(), exitCode);
        Assert.StartsWith("kafkacompat: ", line, StringComparison.Ordinal);
        Assert.Equal(1, line.Count(static c => c == '\n'));
        if (Words.TryGetValue(name, out var word)) Assert.Contains(word, line, StringComparison.OrdinalIgnoreCase);
        var isCheckpoint = word?.EndsWith("-checkpoint", StringComparison.Ordinal) == true;
        Assert.Equal(isCheckpoint, line.Contains(". Copy the log directory, then delete the file: ", StringComparison.Ordinal));
        if (!isCheckpoint) return;

        // What the line says helps.
        var file = line["kafkacompat: ".Length..line.IndexOf(": ", "kafkacompat: ".Length, StringComparison.Ordinal)];
        File.Delete(Path.Combine(_folder.FullName, name, file));
        (ready, _, exitCode) = await StartAndStop(name);
        Assert.StartsWith("kafkacompat node ", ready, StringComparison.Ordinal);
        Assert.Equal(0, exitCode);
    }

    /// <summary>The line that says that it serves, null where it does not; what it said of problems; how it ended.</summary>
    private async Task<(string? Ready, string Errors, int ExitCode)> StartAndStop(string name)
    {
        using var program = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "kafkacompat.dll"), "server.properties", "--override",
                "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0"])
        {
            WorkingDirectory = Path.Combine(_folder.FullName, name),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var said = program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var ready = await program.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        using var stop = ready is null ? null : Process.Start("kill", ["-TERM", program.Id.ToString(CultureInfo.InvariantCulture)]);
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (ready, await said, program.ExitCode);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
