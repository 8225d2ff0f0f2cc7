using System.Collections.Immutable;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quotas;

/// <summary>Which limit binds a client, and who shares it.</summary>
public sealed class QuotaLimitsTests
{
    /// <summary>From the most specific to the least, as Kafka's documentation orders them, with who shares the limit of the client c of the user u.</summary>
    private static readonly (string? User, string? ClientId, QuotaBinding Binding)[] InOrder =
    [
        ("u", "c", new(1, "u", "c")),
        ("u", "<default>", new(2, "u", "c")),
        ("u", null, new(3, "u", null)),
        ("<default>", "c", new(4, "u", "c")),
        ("<default>", "<default>", new(5, "u", "c")),
        ("<default>", null, new(6, "u", null)),
        (null, "c", new(7, null, "c")),
        (null, "<default>", new(8, null, "c")),
    ];

    [Fact]
    public void The_most_specific_limit_binds()
    {
        for (var first = 0; first < InOrder.Length; first++)
        {
            var limits = Limits(InOrder[first..]);
            Assert.True(limits.TryFind("u", "c", out var binding));
            Assert.Equal(InOrder[first].Binding, binding);
        }
    }

    [Fact]
    public void A_limit_of_another_binds_nobody_else()
    {
        var limits = Limits([.. InOrder.Where(static entity => entity.User != "<default>" && entity.ClientId != "<default>")]);
        Assert.False(limits.TryFind("v", "d", out _));
        Assert.True(limits.TryFind("v", "c", out var binding));
        Assert.Equal(new QuotaBinding(7, null, "c"), binding);
    }

    [Fact]
    public void A_client_without_a_name_is_bound_by_the_default()
    {
        Assert.True(Limits([InOrder[7]]).TryFind("u", "", out var binding));
        Assert.Equal(new QuotaBinding(8, null, ""), binding);
    }

    [Fact]
    public void Only_the_key_asked_for_counts()
    {
        var quotas = ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>.Empty
            .Add(new QuotaEntity([KeyValuePair.Create<string, string?>("user", "u")]),
                ImmutableSortedDictionary<string, double>.Empty.Add("consumer_byte_rate", 5))
            .Add(new QuotaEntity([KeyValuePair.Create<string, string?>("ip", null)]),
                ImmutableSortedDictionary<string, double>.Empty.Add("connection_creation_rate", 5));
        Assert.True(QuotaLimits.Of("producer_byte_rate", quotas).IsEmpty);
        Assert.True(QuotaLimits.Of("connection_creation_rate", quotas).IsEmpty);
        Assert.False(QuotaLimits.Of("consumer_byte_rate", quotas).IsEmpty);
    }

    [Fact]
    public void Who_is_measured_is_bounded_and_the_quiet_are_forgotten()
    {
        var made = 0;
        var tracked = new TrackedEntities<int, object>(() => { made++; return new object(); });
        var first = tracked.Of(0, 0);
        for (var i = 1; i <= 3 * TrackedEntities<int, object>.MaxEntities; i++)
        {
            _ = tracked.Of(i, i);
            Assert.Same(first, tracked.Of(0, i));
            Assert.InRange(tracked.Count, 1, TrackedEntities<int, object>.MaxEntities);
        }
        var before = tracked.Count;
        Assert.Equal((3 * TrackedEntities<int, object>.MaxEntities) + 1, made);
        _ = tracked.Of(-1, TrackedEntities<int, object>.MaxIdleMs + (3 * TrackedEntities<int, object>.MaxEntities));
        Assert.Equal(1, tracked.Count);
        Assert.True(before > 1_000);
    }

    private static QuotaLimits Limits(params (string? User, string? ClientId, QuotaBinding Binding)[] entities)
    {
        var quotas = ImmutableDictionary.CreateBuilder<QuotaEntity, ImmutableSortedDictionary<string, double>>();
        foreach (var (user, clientId, binding) in entities)
        {
            var parts = new List<KeyValuePair<string, string?>>();
            if (user is not null) parts.Add(KeyValuePair.Create("user", Name(user)));
            if (clientId is not null) parts.Add(KeyValuePair.Create("client-id", Name(clientId)));
            quotas[new QuotaEntity(parts)] = ImmutableSortedDictionary<string, double>.Empty.Add("producer_byte_rate", binding.Limit);
        }
        return QuotaLimits.Of("producer_byte_rate", quotas.ToImmutable());
    }

    private static string? Name(string text) => text == "<default>" ? null : text;
}
