using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

public sealed class UnregisteredBrokerTests
{
    [Fact]
    public async Task A_broker_that_was_unregistered_is_not_ready_and_says_what_to_do()
    {
        await using var node = await SocketNode.Start();
        Assert.Empty(node.Node.Node.Health.NotReady());
        var answer = await node.Connect().Ask<UnregisterBrokerRequest, UnregisterBrokerResponse>(new() { BrokerId = 1 }, 0);
        Assert.Equal(ErrorCode.None, answer.ErrorCode);

        var reasons = node.Node.Node.Health.NotReady();
        Assert.Contains("The cluster does not know this broker: it was unregistered. It registers when it is started again.", reasons);
    }
}
