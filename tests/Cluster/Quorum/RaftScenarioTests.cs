using Xunit;

namespace KafkaCompat.Cluster.Tests.Quorum;

/// <summary>Plays the scenarios of the quorum's roles beside this file: see <see cref="ScenarioFiles"/>.</summary>
public sealed class RaftScenarioTests
{
    public static TheoryData<string> Scenarios => ScenarioFiles.In("Quorum");

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Plays_as_recorded(string scenario) => ScenarioFiles.Check("Quorum", scenario, RaftScenario.Play);
}
