using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>Plays the scenarios of groups beside this file: see <see cref="ScenarioFiles"/>.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<string> Scenarios => ScenarioFiles.In("Groups");

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Plays_as_recorded(string scenario) => ScenarioFiles.Check("Groups", scenario, ScenarioRunner.Play);
}
