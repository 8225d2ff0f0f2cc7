using KafkaCompat.Broker.Tests.Time;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Produce requests that wait for a disk which does not answer.</summary>
public sealed class ProduceWaitTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_wait_for_an_acknowledgement_ends_with_its_connection()
    {
        using var disk = new ManualResetEventSlim();
        var files = new HookedFileStore(new ForgetfulFileStore(_time));
        await using var node = TestNode.Start(files, _time);
        _ = await node.CreateTopic("t", 1, ("flush.messages", "1"));
        files.Before = (operation, path) =>
        {
            if (operation == nameof(IFileStore.SyncFolder) && path.EndsWith("/t-0", StringComparison.Ordinal)) disk.Wait();
        };
        try
        {
            var leaves = node.Connect();
            var stays = node.Connect();
            foreach (var client in new[] { leaves, stays }) _ = await client.Post(Records.Produce("t", Records.Batch()), 12);
            await Eventually.Is(() => node.Broker.WaitingProduces == 2);

            leaves.Lose();
            await leaves.Served;
            await Eventually.Is(() => node.Broker.WaitingProduces == 1);

            disk.Set();
            Assert.NotNull(await stays.Receive());
            Assert.Equal(0, node.Broker.WaitingProduces);
        }
        finally
        {
            disk.Set();
        }
    }
}
