using Xunit;

namespace KafkaCompat.Compat.Confluent;

/// <summary>Confluent.Kafka against our program: its answers are Apache Kafka's.</summary>
public sealed class OurBrokerTests(Fixture<OurBroker> broker) : IClassFixture<Fixture<OurBroker>>
{
    [Theory]
    [MemberData(nameof(Scenarios.Names), MemberType = typeof(Scenarios))]
    public async Task Answers_as_Apache_Kafka_does(string scenario) =>
        ExpectedAnswers.Check(scenario, await Scenarios.All[scenario](new Client(await broker.GetAsync())));
}
