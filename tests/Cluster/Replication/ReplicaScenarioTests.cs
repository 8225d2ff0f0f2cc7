using Xunit;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>Plays the scenarios of a partition's replicas beside this file: see <see cref="ScenarioFiles"/>.</summary>
public sealed class ReplicaScenarioTests
{
    public static TheoryData<string> Scenarios => ScenarioFiles.In("Replication");

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Plays_as_recorded(string scenario) => ScenarioFiles.Check("Replication", scenario, ReplicaScenario.Play);
}
