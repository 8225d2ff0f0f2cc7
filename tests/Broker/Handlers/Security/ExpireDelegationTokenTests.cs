using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Nobody ends a delegation token.</summary>
public sealed class ExpireDelegationTokenTests : DelegationTokenTests
{
    private protected override async Task<(ErrorCode Error, long ExpiryMs)> Change(MemoryClient client, byte[] hmac, short version)
    {
        var answer = await client.Ask<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>(new() { Hmac = hmac, ExpiryTimePeriodMs = 1000 }, version);
        return (answer.ErrorCode, answer.ExpiryTimestampMs);
    }
}
