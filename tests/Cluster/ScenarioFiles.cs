using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Cluster.Tests;

/// <summary>
/// Scenarios that stand as text beside the tests of a machine. What follows each command is compared with what is recorded there. With UPDATE_SCENARIOS=1 the
/// files are written anew: read the difference before committing it.
/// </summary>
internal static class ScenarioFiles
{
    /// <summary>The scenarios of a machine, by the folder of its tests.</summary>
    public static TheoryData<string> In(string folder) =>
        [.. Directory.GetFiles(PathOf(folder), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    /// <summary>Plays a scenario, a line after the other, and compares.</summary>
    public static void Check(string folder, string scenario, Func<IEnumerable<string>, string> play)
    {
        var file = Path.Combine(PathOf(folder), scenario + ".txt");
        var recorded = File.ReadAllText(file);
        var played = play(recorded.TrimEnd('\n').Split('\n'));
        if (Environment.GetEnvironmentVariable("UPDATE_SCENARIOS") == "1")
            File.WriteAllText(file, played);
        else
            Assert.Equal(recorded, played);
    }

    private static string PathOf(string folder) => Path.Combine(KafkaReference.RepositoryRoot, "tests", "Cluster", folder, "Scenarios");
}
