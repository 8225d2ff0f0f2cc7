using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>The quota of an address over real sockets, set and taken back while the node runs.</summary>
public sealed class AddressQuotaTests
{
    /// <summary>With one window a rate is over the time since it began, so that the first connection is already too fast for any quota.</summary>
    [Fact]
    public async Task A_connection_past_its_address_s_quota_is_kept_unserved_and_closed_until_the_quota_is_gone()
    {
        await using var node = await SocketNode.Start(("quota.window.num", "1"), ("quota.window.size.seconds", "1"));
        var admin = node.Connect();
        await Set(admin, 1);
        var throttled = node.Connect();
        await throttled.Send(Question);
        Assert.Null(await throttled.Receive());

        // Who is in stays in.
        await Set(admin, null);
        var served = node.Connect();
        await served.Send(Question);
        Assert.NotNull(await served.Receive());
    }

    /// <summary>No name of the Domain Name System is longer than 255 letters, and the runtime refuses to look for one.</summary>
    [Fact]
    public async Task A_host_whose_name_is_too_long_for_one_has_no_address_and_nothing_ends()
    {
        var host = new string('h', 300);
        await using var node = await SocketNode.Start(("max.connections.per.ip.overrides", host + ":5"));
        var admin = node.Connect();
        var quota = await admin.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(
            new()
            {
                Entries =
                {
                    new()
                    {
                        Entity = { new() { EntityType = "ip", EntityName = host } },
                        Ops = { new() { Key = "connection_creation_rate", Value = 1 } },
                    },
                },
            },
            1);
        Assert.Equal((ErrorCode.InvalidRequest, host + " is not a valid IP or resolvable host."), (quota.Entries[0].ErrorCode, quota.Entries[0].ErrorMessage));

        var altered = await admin.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
            new()
            {
                Resources =
                {
                    new()
                    {
                        ResourceType = ConfigResourceBroker,
                        ResourceName = "",
                        Configs = { new() { Name = "max.connections.per.ip.overrides", Value = host + ":6" } },
                    },
                },
            },
            1);
        Assert.Equal(ErrorCode.None, altered.Responses[0].ErrorCode);

        // What applies the change has run by the time a second one is answered.
        await Set(admin, 1000);
        await Set(admin, null);
    }

    private const sbyte ConfigResourceBroker = 4;

    /// <summary>ApiVersions 0, correlation id 1, no client id.</summary>
    private static readonly byte[] Question = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

    private static async Task Set(SocketClient admin, double? rate)
    {
        var request = new AlterClientQuotasRequest
        {
            Entries =
            {
                new()
                {
                    Entity = { new() { EntityType = "ip", EntityName = "127.0.0.1" } },
                    Ops = { new() { Key = "connection_creation_rate", Value = rate ?? 0, Remove = rate is null } },
                },
            },
        };
        var response = await admin.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(request, 1);
        Assert.Equal(ErrorCode.None, response.Entries[0].ErrorCode);
    }
}
