using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A delegation token is changed by nobody who did not log in, and nobody does: the answer is Apache Kafka's, on both listeners.</summary>
public abstract class DelegationTokenTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 2)]
    [InlineData("CONTROLLER", 2)]
    public async Task It_is_not_allowed_and_no_time_is_told(string listener, short version)
    {
        await using var node = TestNode.Start();
        Assert.Equal((ErrorCode.DelegationTokenRequestNotAllowed, -1), await Change(node.Connect(listener), new byte[20], version));
    }

    private protected abstract Task<(ErrorCode Error, long ExpiryMs)> Change(MemoryClient client, byte[] hmac, short version);
}
