using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>
/// Quotas altered and described, answered as a single node of Kafka 4.4 answered the same requests. A part of an entity is written type=name, its default
/// type=&lt;default&gt;.
/// </summary>
public sealed class AlterClientQuotasTests
{
    private const string IpCombined = "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId";
    private static readonly HashSet<string> UnknownHosts = ["no.such.host"];

    private readonly TestController _node = TestController.New();

    [Theory]
    [InlineData("", "producer_byte_rate", 1, "Invalid empty client quota entity")]
    [InlineData("=", "producer_byte_rate", 1, "Unhandled client quota entity type: ")]
    [InlineData("bad=x", "producer_byte_rate", 1, "Unhandled client quota entity type: bad")]
    [InlineData("user=a,bad=x", "producer_byte_rate", 1, "Unhandled client quota entity type: bad")]
    [InlineData("user=", "producer_byte_rate", 1, "Empty user not supported")]
    [InlineData("client-id=", "producer_byte_rate", 1, "Empty client-id not supported")]
    [InlineData("ip=", "connection_creation_rate", 1, "Empty ip not supported")]
    [InlineData("user=a,ip=10.0.0.1", "producer_byte_rate", 1, IpCombined)]
    [InlineData("client-id=a,ip=10.0.0.1", "connection_creation_rate", 1, IpCombined)]
    [InlineData("user=a,client-id=b,ip=<default>", "connection_creation_rate", 1, IpCombined)]
    [InlineData("ip=no.such.host", "connection_creation_rate", 1, "no.such.host is not a valid IP or resolvable host.")]
    [InlineData("ip=no.such.host,user=u", "connection_creation_rate", 1, IpCombined)]
    [InlineData("ip=10.0.0.1", "connection_creation_rate", 1, null)]
    [InlineData("ip=<default>", "connection_creation_rate", 1, null)]
    [InlineData("ip=10.0.0.1", "connection_creation_rate", 1.5, "connection_creation_rate cannot be a fractional value.")]
    [InlineData("ip=10.0.0.1", "connection_creation_rate", 3e9 + 0.5, "Proposed value for connection_creation_rate is too large for an INT.")]
    [InlineData("ip=10.0.0.1", "connection_creation_rate", -1.5, "Quota connection_creation_rate must be greater than 0")]
    [InlineData("ip=10.0.0.1", "producer_byte_rate", 1, "Invalid configuration key producer_byte_rate")]
    [InlineData("user=a", "connection_creation_rate", 1, "Invalid configuration key connection_creation_rate")]
    [InlineData("user=a", "SCRAM-SHA-256", 1, "Invalid configuration key SCRAM-SHA-256")]
    [InlineData("user=a", "", 1, "Invalid configuration key ")]
    [InlineData("user=a", "nope", double.NaN, "Invalid configuration key nope")]
    [InlineData("user=a", "producer_byte_rate", 0, "Quota producer_byte_rate must be greater than 0")]
    [InlineData("user=a", "producer_byte_rate", double.NaN, "Quota producer_byte_rate must be a finite number")]
    [InlineData("user=a", "producer_byte_rate", double.NegativeInfinity, "Quota producer_byte_rate must be a finite number")]
    [InlineData("user=a", "producer_byte_rate", 1e19, "Proposed value for producer_byte_rate is too large for a LONG.")]
    [InlineData("user=a", "producer_byte_rate", 9223372036854775807.0, null)]
    [InlineData("user=a", "producer_byte_rate", 1.0000001, null)]
    [InlineData("user=a", "producer_byte_rate", 1.9999999, "producer_byte_rate cannot be a fractional value.")]
    [InlineData("user=a", "request_percentage", 0.5, null)]
    [InlineData("user=a", "request_percentage", 1e300, null)]
    [InlineData("user=a", "request_percentage", -0.5, "Quota request_percentage must be greater than 0")]
    [InlineData("user=a", "controller_mutation_rate", 0.1, null)]
    [InlineData("user=é+ *%,client-id=<default>", "consumer_byte_rate", 7, null)]
    public void An_entity_and_its_value_are_checked_as_Kafka_does(string entity, string key, double value, string? problem)
    {
        var answer = Assert.Single(Alter(Entry(entity, (key, value))).Entries);
        Assert.Equal((problem is null ? ErrorCode.None : ErrorCode.InvalidRequest, problem), (answer.ErrorCode, answer.ErrorMessage));
        Assert.Equal(problem is null ? [$"{Sorted(entity)}: {key}={value}"] : [], Stored());
    }

    [Fact]
    public void A_change_is_what_Kafka_writes_and_what_is_so_already_is_not_written()
    {
        const string entity = """[{"entityType":"client-id","entityName":null},{"entityType":"user","entityName":"a"}]""";
        Assert.Equal(
            [$$"""ClientQuotaRecord {"entity":{{entity}},"key":"producer_byte_rate","value":5,"remove":false}"""],
            Records(Entry("user=a,client-id=<default>", ("producer_byte_rate", 5))));
        Assert.Empty(Records(Entry("client-id=<default>,user=a", ("producer_byte_rate", 5), ("consumer_byte_rate", null))));
        Assert.Equal(
            [$$"""ClientQuotaRecord {"entity":{{entity}},"key":"producer_byte_rate","value":0,"remove":true}"""],
            Records(Entry("user=a,client-id=<default>", ("producer_byte_rate", null))));
        Assert.Empty(Stored());
    }

    [Fact]
    public void A_key_that_is_wrong_leaves_the_entity_as_it_was_and_the_others_are_served()
    {
        var response = Alter(Entry("user=a", ("producer_byte_rate", 5), ("nope", 1)), Entry("user=b", ("producer_byte_rate", 5)));
        Assert.Equal(["Invalid configuration key nope", null], response.Entries.Select(e => e.ErrorMessage));
        Assert.Equal(["user=b: producer_byte_rate=5"], Stored());
    }

    [Fact]
    public void What_comes_twice_is_refused_in_Kafkas_words()
    {
        var response = Alter(
            Entry("user=t", ("producer_byte_rate", 1)), Entry("user=t", ("producer_byte_rate", 2)),
            Entry("user=d,client-id=<default>", ("producer_byte_rate", 5), ("producer_byte_rate", 6)),
            Entry("user=a,user=b", ("producer_byte_rate", 3)));
        Assert.Equal(
            [
                "Ignoring duplicate entity ClientQuotaEntity(entries={user=t})",
                "Ignoring duplicate entity ClientQuotaEntity(entries={client-id=null, user=d})",
                null,
            ],
            response.Entries.Select(e => e.ErrorMessage));
        Assert.Equal(["user=b: producer_byte_rate=3", "user=t: producer_byte_rate=1"], Stored());
    }

    [Fact]
    public void What_is_only_validated_changes_nothing()
    {
        var decision =
            _node.State.Decide(new AlterClientQuotasRequest { Entries = [Entry("user=a", ("producer_byte_rate", 5))], ValidateOnly = true }, UnknownHosts);
        Assert.Empty(decision.Records);
        Assert.Equal(ErrorCode.None, Assert.Single(decision.Reply.Entries).ErrorCode);
    }

    [Fact]
    public void Quotas_are_in_a_snapshot()
    {
        Alter(Entry("user=a", ("producer_byte_rate", 5)), Entry("ip=<default>", ("connection_creation_rate", 3)));
        var copy = new MetadataDelta(MetadataImage.Empty);
        foreach (var record in MetadataSnapshot.Records(_node.State.Image))
        {
            copy.Apply(record.Message);
        }

        Assert.Equal(Stored(), Stored(copy.ToImage(MetadataProvenance.None)));
    }

    public static TheoryData<string, bool, string> Filters => new()
    {
        { "", false, "client-id=<default>,user=<default>|client-id=x,user=t|client-id=x|ip=10.0.0.1|ip=<default>|user=t" },
        { "", true, "" },
        { "user=t", false, "client-id=x,user=t|user=t" },
        { "user=t", true, "user=t" },
        { "user=<default>", false, "client-id=<default>,user=<default>" },
        { "user=<any>", false, "client-id=<default>,user=<default>|client-id=x,user=t|user=t" },
        { "user=<any>", true, "user=t" },
        { "user=<any>,client-id=<any>", true, "client-id=<default>,user=<default>|client-id=x,user=t" },
        { "client-id=x", false, "client-id=x,user=t|client-id=x" },
        { "ip=<any>", false, "ip=10.0.0.1|ip=<default>" },
        { "ip=<default>", true, "ip=<default>" },
        { "user=", false, "" },
        { "user=nobody", false, "" },
    };

    [Theory]
    [MemberData(nameof(Filters))]
    public void A_filter_finds_what_Kafkas_finds(string filter, bool isStrict, string expected)
    {
        Alter(
            Entry("user=t", ("producer_byte_rate", 1)), Entry("user=t,client-id=x", ("producer_byte_rate", 2)), Entry("client-id=x", ("producer_byte_rate", 3)),
            Entry("user=<default>,client-id=<default>", ("producer_byte_rate", 4)), Entry("ip=10.0.0.1", ("connection_creation_rate", 5)),
            Entry("ip=<default>", ("connection_creation_rate", 6)));
        var response = Describe(isStrict,
            [.. Parts(filter).Select(p => Component(p.Type, p.Name switch { null => 1, "<any>" => 2, _ => 0 }, p.Name == "<any>" ? null : p.Name))]);
        Assert.Equal((ErrorCode.None, ""), (response.ErrorCode, response.ErrorMessage));
        Assert.Equal(
            expected.Split('|', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            response.Entries!.Select(e => string.Join(',', e.Entity.Select(p => $"{p.EntityType}={p.EntityName ?? "<default>"}")))
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("user", 0, null, ErrorCode.InvalidRequest, "Request specified MATCH_TYPE_EXACT, but set match string to null.")]
    [InlineData("user", 1, "a", ErrorCode.InvalidRequest, "Request specified MATCH_TYPE_DEFAULT, but also specified a match string.")]
    [InlineData("user", 2, "a", ErrorCode.InvalidRequest, "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.")]
    [InlineData("user", 3, "a", ErrorCode.InvalidRequest, "Unknown match type 3")]
    [InlineData("bad", 7, "a", ErrorCode.UnsupportedVersion, "Unsupported entity type bad")]
    [InlineData("", 7, null, ErrorCode.InvalidRequest, "Invalid empty entity type.")]
    public void A_filter_that_is_none_is_refused(string type, int match, string? name, ErrorCode error, string message)
    {
        var response = Describe(false, Component(type, match, name));
        Assert.Equal((error, message, null), (response.ErrorCode, response.ErrorMessage, response.Entries));
    }

    [Fact]
    public void A_filter_with_parts_that_do_not_go_together_is_refused()
    {
        Assert.Equal("Entity type user cannot appear more than once in the filter.",
            Describe(false, Component("user", 0, "a"), Component("user", 0, "b")).ErrorMessage);
        Assert.Equal(
            "Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.",
            Describe(false, Component("user", 0, "a"), Component("ip", 2, null)).ErrorMessage);
    }

    private static DescribeClientQuotasRequest.ComponentData Component(string type, int match, string? name) =>
        new() { EntityType = type, MatchType = (sbyte)match, Match = name };

    private static IEnumerable<(string Type, string? Name)> Parts(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')).Select(p => (p[0], p[1] == "<default>" ? null : p[1]));

    private static string Sorted(string entity) => string.Join(',', entity.Split(',').Order(StringComparer.Ordinal));

    private static AlterClientQuotasRequest.EntryData Entry(string entity, params (string Key, double? Value)[] ops) => new()
    {
        Entity = [.. Parts(entity).Select(p => new AlterClientQuotasRequest.EntityData { EntityType = p.Type, EntityName = p.Name })],
        Ops = [.. ops.Select(o => new AlterClientQuotasRequest.OpData { Key = o.Key, Value = o.Value ?? 0, Remove = o.Value is null })],
    };

    private DescribeClientQuotasResponse Describe(bool isStrict, params DescribeClientQuotasRequest.ComponentData[] components) =>
        QuotaFilter.Describe(_node.State.Image, new DescribeClientQuotasRequest { Components = [.. components], Strict = isStrict });

    private AlterClientQuotasResponse Alter(params AlterClientQuotasRequest.EntryData[] entries)
    {
        var decision = _node.State.Decide(new AlterClientQuotasRequest { Entries = [.. entries] }, UnknownHosts);
        _node.Apply(decision);
        return decision.Reply;
    }

    private List<string> Records(params AlterClientQuotasRequest.EntryData[] entries) =>
        _node.Apply(_node.State.Decide(new AlterClientQuotasRequest { Entries = [.. entries] }, UnknownHosts));

    private List<string> Stored() => Stored(_node.State.Image);

    private static List<string> Stored(MetadataImage image) =>
        [.. image.ClientQuotas.SelectMany(q =>
            q.Value.Select(v => $"{string.Join(',', q.Key.Parts.Select(p => $"{p.Key}={p.Value ?? "<default>"}"))}: {v.Key}={v.Value}"))
            .Order(StringComparer.Ordinal)];
}
