using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Nobody renews a delegation token.</summary>
public sealed class RenewDelegationTokenTests : DelegationTokenTests
{
    private protected override async Task<(ErrorCode Error, long ExpiryMs)> Change(MemoryClient client, byte[] hmac, short version)
    {
        var answer = await client.Ask<RenewDelegationTokenRequest, RenewDelegationTokenResponse>(new() { Hmac = hmac, RenewPeriodMs = 1000 }, version);
        return (answer.ErrorCode, answer.ExpiryTimestampMs);
    }
}
