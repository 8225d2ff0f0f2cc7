using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Quotas shown over a connection. Which a filter finds is tested beside the controller's decisions about them.</summary>
public sealed class DescribeClientQuotasTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private MemoryClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _node = TestNode.Start();
        _client = _node.Connect();
        var request = new AlterClientQuotasRequest
        {
            Entries =
            {
                new()
                {
                    Entity = { new() { EntityType = "user", EntityName = "a" } },
                    Ops = { new() { Key = "producer_byte_rate", Value = 5 }, new() { Key = "request_percentage", Value = 0.5 } },
                },
                new()
                {
                    Entity = { new() { EntityType = "user", EntityName = null }, new() { EntityType = "client-id", EntityName = "c" } },
                    Ops = { new() { Key = "consumer_byte_rate", Value = 6 } },
                },
            },
        };
        var altered = await _client.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(request, 1);
        Assert.All(altered.Entries, static entry => Assert.Equal(ErrorCode.None, entry.ErrorCode));
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Each_entity_is_shown_with_its_parts_and_values(short version)
    {
        var all = await Describe(version, isStrict: false);
        Assert.Equal((ErrorCode.None, ""), (all.ErrorCode, all.ErrorMessage));
        Assert.Equal(
            ["client-id=c,user=: consumer_byte_rate=6", "user=a: producer_byte_rate=5,request_percentage=0.5"],
            all.Entries!.Select(Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_filter_and_its_strictness_choose_among_them()
    {
        Assert.Equal(["user=a: producer_byte_rate=5,request_percentage=0.5"],
            (await Describe(1, isStrict: true, ("user", 2, null))).Entries!.Select(Text));
        Assert.Equal(2, (await Describe(1, isStrict: false, ("user", 2, null))).Entries!.Count);
        Assert.Empty((await Describe(1, isStrict: true)).Entries!);
    }

    [Theory]
    [InlineData("bad", ErrorCode.UnsupportedVersion, "Unsupported entity type bad")]
    [InlineData("user", ErrorCode.InvalidRequest, "Request specified MATCH_TYPE_EXACT, but set match string to null.")]
    public async Task A_filter_that_is_none_is_refused_and_no_list_is_sent(string type, ErrorCode error, string message)
    {
        var refused = await Describe(1, isStrict: false, (type, 0, null));
        Assert.Equal((error, message, null), (refused.ErrorCode, refused.ErrorMessage, refused.Entries));
    }

    [Fact]
    public async Task Who_may_not_describe_settings_of_the_cluster_is_told_so()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.Operation == AclOperation.DescribeConfigs;
        var refused = await node.Client.Ask<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(new(), 1);
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, null), (refused.ErrorCode, refused.Entries));
    }

    private Task<DescribeClientQuotasResponse> Describe(short version, bool isStrict, params (string Type, sbyte Match, string? Name)[] components) =>
        _client.Ask<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(
            new()
            {
                Strict = isStrict,
                Components = [.. components.Select(static asked => new DescribeClientQuotasRequest.ComponentData
                {
                    EntityType = asked.Type,
                    MatchType = asked.Match,
                    Match = asked.Name,
                })],
            },
            version);

    private static string Text(DescribeClientQuotasResponse.EntryData entry) =>
        string.Join(',', entry.Entity.Select(static part => $"{part.EntityType}={part.EntityName}").Order(StringComparer.Ordinal)) + ": "
        + string.Join(',', entry.Values.Select(static value => FormattableString.Invariant($"{value.Key}={value.Value}")).Order(StringComparer.Ordinal));
}
