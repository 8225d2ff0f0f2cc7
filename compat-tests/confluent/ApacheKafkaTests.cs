using Xunit;

namespace KafkaCompat.Compat.Confluent;

/// <summary>Confluent.Kafka against Apache Kafka: the recorded answers are still the ones it gives.</summary>
public sealed class ApacheKafkaTests(Fixture<ApacheKafka> broker) : IClassFixture<Fixture<ApacheKafka>>
{
    [Theory]
    [MemberData(nameof(Scenarios.Names), MemberType = typeof(Scenarios))]
    public async Task Gives_the_recorded_answers(string scenario)
    {
        Assert.SkipWhen(ApacheKafka.Missing is not null, ApacheKafka.Missing ?? "");
        var answer = await Scenarios.All[scenario](new Client(await broker.GetAsync()));
        if (ExpectedAnswers.RecordingTo is null)
        {
            ExpectedAnswers.Check(scenario, answer);
        }
        else
        {
            ExpectedAnswers.Record(scenario, answer);
        }
    }
}
