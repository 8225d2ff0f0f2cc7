using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Quotas altered over a connection. What each entity and value is checked for is tested where the controller decides.</summary>
public sealed class AlterClientQuotasTests
{
    [Theory]
    [InlineData("PLAINTEXT", 0)]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("CONTROLLER", 1)]
    public async Task A_quota_is_there_when_it_is_answered_and_goes_again(string listener, short version)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        Assert.Equal((ErrorCode.None, null), await Alter(client, "user", "a", 5, version));
        Assert.Equal(["user=a producer_byte_rate=5"], await Stored(node));
        Assert.Equal((ErrorCode.None, null), await Alter(client, "user", "a", null, version));
        Assert.Empty(await Stored(node));
    }

    /// <summary>The name is looked up here, before the controller is asked.</summary>
    [Fact]
    public async Task A_host_by_name_is_one_that_can_be_looked_up()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        Assert.Equal((ErrorCode.None, null), await Alter(client, "ip", "localhost", 5));
        // A label of more than 63 characters is no name of a host, whatever the resolver.
        var nobody = new string('x', 64) + ".invalid";
        Assert.Equal((ErrorCode.InvalidRequest, $"{nobody} is not a valid IP or resolvable host."), await Alter(client, "ip", nobody, 5));
        Assert.Equal(["ip=localhost connection_creation_rate=5"], await Stored(node));
    }

    [Fact]
    public async Task What_is_only_validated_is_checked_and_not_kept()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        Assert.Equal((ErrorCode.None, null), await Alter(client, "user", "a", 5, validateOnly: true));
        Assert.Equal((ErrorCode.InvalidRequest, "Quota producer_byte_rate must be greater than 0"), await Alter(client, "user", "a", 0, validateOnly: true));
        Assert.Empty(await Stored(node));
    }

    [Fact]
    public async Task Who_may_not_alter_settings_of_the_cluster_is_told_so_for_each_entity()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.Operation == AclOperation.AlterConfigs;
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, "Cluster authorization failed."), await Alter(node.Client, "user", "a", 5));
        Assert.Empty(await Stored(node.Node));
    }

    private static async Task<(ErrorCode, string?)> Alter(
        MemoryClient client, string type, string name, double? value, short version = 1, bool validateOnly = false)
    {
        var key = type == "ip" ? "connection_creation_rate" : "producer_byte_rate";
        var request = new AlterClientQuotasRequest
        {
            ValidateOnly = validateOnly,
            Entries =
            {
                new()
                {
                    Entity = { new() { EntityType = type, EntityName = name } },
                    Ops = { new() { Key = key, Value = value ?? 0, Remove = value is null } },
                },
            },
        };
        var entry = Assert.Single((await client.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(request, version)).Entries);
        Assert.Equal((type, name), (entry.Entity[0].EntityType, entry.Entity[0].EntityName));
        return (entry.ErrorCode, entry.ErrorMessage);
    }

    private static async Task<IEnumerable<string>> Stored(TestNode node) =>
        (await node.Connect().Ask<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(new(), 1)).Entries!.SelectMany(static entry =>
            entry.Values.Select(value => $"{entry.Entity[0].EntityType}={entry.Entity[0].EntityName} {value.Key}={value.Value}"));
}
