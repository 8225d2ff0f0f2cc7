using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>
/// Plays the scenarios beside this file and compares what follows each command with what is recorded there.
/// With UPDATE_SCENARIOS=1 the files are written anew: read the difference before committing it.
/// </summary>
public sealed class ScenarioTests
{
    private static readonly string Folder = Path.Combine(KafkaReference.RepositoryRoot, "tests", "Cluster", "Groups", "Scenarios");

    public static TheoryData<string> Scenarios => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Plays_as_recorded(string scenario)
    {
        var file = Path.Combine(Folder, scenario + ".txt");
        var recorded = File.ReadAllText(file);
        var played = ScenarioRunner.Play(recorded.TrimEnd('\n').Split('\n'));
        if (Environment.GetEnvironmentVariable("UPDATE_SCENARIOS") == "1")
            File.WriteAllText(file, played);
        else
            Assert.Equal(recorded, played);
    }
}
