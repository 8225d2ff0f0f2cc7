using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// Many connections with large requests at once, over sockets: what their objects take together is bounded, and a client that behaves is answered meanwhile.
/// </summary>
public sealed class LargeRequestTests
{
    private const int Clients = 50;

    /// <summary>A million topics without a partition: 6 MB on the wire, and some 60 to 100 as objects.</summary>
    private static readonly byte[] Large = Many(1_000_000);

    [Fact]
    public async Task A_client_that_behaves_is_answered_beside_them()
    {
        await using var node = await SocketNode.Start();
        var memory = node.Node.Node.Broker.Connections.DecodeMemory;
        // What is seen here is not how fast the machine is.
        memory.WaitMs = int.MaxValue;
        using var good = node.Connect();
        var left = Clients;
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var client = node.Connect();
            await client.Send(Large);
            Assert.NotNull(await client.Receive(TimeSpan.FromMinutes(10)));
            Interlocked.Decrement(ref left);
        })).ToArray();
        var (answered, most) = (0, 0L);
        while (Volatile.Read(ref left) > 0)
        {
            var isAskedBeside = memory.Waiting > 0;
            var answer = await good.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [] }, 12);
            _ = Assert.Single(answer.Brokers);
            if (isAskedBeside && memory.Waiting > 0) answered++;
            most = Math.Max(most, memory.TakenBytes);
            Assert.InRange(most, 0, DecodeMemory.MaxBytes);
            if (clients.FirstOrDefault(static client => client.IsFaulted) is { } faulted) await faulted;
        }

        await Task.WhenAll(clients);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{answered} answers while some of {Clients} large requests waited, whose objects took {most} bytes at most");
        Assert.InRange(answered, 1, int.MaxValue);
        Assert.InRange(most, 1, DecodeMemory.MaxBytes);
        await Eventually.Is(() => memory is { TakenBytes: 0, Waiting: 0 });
    }

    private static byte[] Many(int topics)
    {
        var request = new FetchRequest { MaxWaitMs = int.MaxValue, MinBytes = 1, MaxBytes = 1, SessionEpoch = -1 };
        for (var i = 0; i < topics; i++) request.Topics.Add(new() { Topic = "" });
        return WireFrames.Of(request, 10, 7);
    }
}
