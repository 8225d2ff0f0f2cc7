using System.Globalization;
using Xunit;

namespace KafkaCompat.Compat.Confluent;

/// <summary>
/// kill -9 at any moment under load with acks=all: every acknowledged record is there after the restart, and an idempotent producer that lived through
/// it leaves no duplicate. COMPAT_KILLS sets the rounds; 50 is the full test.
/// </summary>
public sealed class KillTests
{
    private const int DefaultRounds = 5;

    private static int Rounds =>
        int.TryParse(Environment.GetEnvironmentVariable("COMPAT_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out var rounds)
            ? rounds
            : DefaultRounds;

    [Fact]
    public async Task What_our_broker_acknowledged_survives()
    {
        await using var broker = new OurBroker();
        await RunAsync(broker, Rounds);
    }

    [Fact]
    public async Task The_test_itself_holds_on_Apache_Kafka()
    {
        Assert.SkipWhen(ApacheKafka.Missing is not null, ApacheKafka.Missing ?? "");
        await using var broker = new ApacheKafka();
        await RunAsync(broker, 1);
    }

    private static async Task RunAsync(BrokerProcess broker, int rounds)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await broker.StartAsync();
        var client = new Client(broker);
        var topic = await client.CreateAsync("kill", KillLoad.Partitions);
        await using var load = new KillLoad(client, topic);
        for (var round = 0; round < rounds; round++)
        {
            var acknowledged = load.Acknowledged;
            await Client.UntilAsync(() => load.Acknowledged > acknowledged + 100);
            await Task.Delay(random.Next(0, 400), TestContext.Current.CancellationToken);
            await broker.KillAsync();
            await broker.StartAsync();
            var complaint = load.Verify();
            Assert.True(complaint is null, $"round {round} of seed {seed}: {complaint}");
        }

        await load.FinishAsync();
        var end = load.Verify(finished: true);
        Assert.True(end is null, $"at the end, seed {seed}: {end}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{rounds} kills, {load.Acknowledged} records acknowledged");
    }
}
