using System.Net;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Broker.Tests.Loops;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>Who may connect, and who waits for what.</summary>
public sealed class ConnectionQuotaTests
{
    private static readonly IPAddress A = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress B = IPAddress.Parse("10.0.0.2");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task Past_max_connections_the_next_waits_until_another_ends()
    {
        var quota = Quota(("max.connections", "2"));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, B));
        Assert.True(quota.IsFull("PLAINTEXT"));
        var third = Enter(quota, A);
        Assert.False(third.IsCompleted);
        quota.Leave("PLAINTEXT", B);
        Assert.Equal(ConnectionAdmission.Admitted, await third.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Equal(2, quota.Count);
    }

    [Fact]
    public async Task A_larger_limit_lets_in_who_waits_and_a_stop_turns_it_away()
    {
        var quota = Quota(("max.connections", "1"));
        _ = await Enter(quota, A);
        var second = Enter(quota, A);
        Assert.False(second.IsCompleted);
        quota.Apply(TestNode.ConfigOf(("max.connections", "2")));
        Assert.Equal(ConnectionAdmission.Admitted, await second.WaitAsync(Patience, TestContext.Current.CancellationToken));
        var third = Enter(quota, A);
        quota.Close();
        Assert.Equal(ConnectionAdmission.Closed, await third.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Equal(ConnectionAdmission.Closed, await Enter(quota, B));
    }

    /// <summary>The clock stands still: whoever waits for its rate is turned away by the stop and not by the time.</summary>
    [Fact]
    public async Task A_stop_turns_away_who_waits_for_its_rate()
    {
        var quota = Quota(("max.connection.creation.rate", "1"));
        Task<ConnectionAdmission> next;
        do next = Enter(quota, A);
        while (next.IsCompleted);
        quota.Close();
        Assert.Equal(ConnectionAdmission.Closed, await next.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_listener_s_own_limit_holds_for_it_alone()
    {
        var quota = Quota(["PLAINTEXT", "OTHER"], ("listener.name.other.max.connections", "1"));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A, "OTHER"));
        Assert.False(Enter(quota, A, "OTHER").IsCompleted);
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
    }

    [Fact]
    public async Task An_address_past_its_number_is_refused_and_an_override_is_its_own_number()
    {
        var quota = Quota(("max.connections.per.ip", "1"), ("max.connections.per.ip.overrides", "friend:2, 10.0.0.3:0"));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
        Assert.Equal(ConnectionAdmission.AddressIsFull, await Enter(quota, A.MapToIPv6()));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, B));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, B));
        Assert.Equal(ConnectionAdmission.AddressIsFull, await Enter(quota, B));
        Assert.Equal(ConnectionAdmission.AddressIsFull, await Enter(quota, IPAddress.Parse("10.0.0.3")));
        quota.Leave("PLAINTEXT", A);
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
    }

    [Fact]
    public async Task The_listener_between_brokers_is_let_in_past_max_connections_and_others_have_to_go()
    {
        var quota = Quota(["PLAINTEXT", "OTHER"], ("max.connections", "2"));
        _ = await Enter(quota, A, "OTHER");
        _ = await Enter(quota, A, "OTHER");
        Assert.False(Enter(quota, A, "OTHER").IsCompleted);
        Assert.Equal(0, quota.Surplus);
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, B));
        Assert.Equal(1, quota.Surplus);
        Assert.True(quota.MayClose("OTHER"));
        Assert.False(quota.MayClose("PLAINTEXT"));
        Assert.False(quota.MayClose("CONTROLLER"));
    }

    /// <summary>The rate is taken over the windows that count, so a burst of as many as they allow comes in at once.</summary>
    [Fact]
    public async Task Past_the_rate_a_connection_waits_for_at_most_a_window()
    {
        var quota = Quota(("max.connection.creation.rate", "2"), ("quota.window.num", "11"), ("quota.window.size.seconds", "1"));
        for (var i = 0; i < 20; i++) Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
        var next = Enter(quota, A);
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ConnectionAdmission.Admitted, await next.WaitAsync(Patience, TestContext.Current.CancellationToken));

        _time.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
    }

    /// <summary>Not counted while it is refused, an address comes in again as soon as its rate allows it, however often it tried.</summary>
    [Fact]
    public async Task An_address_past_its_quota_is_turned_away_until_the_time_that_it_was_told()
    {
        var quota = Quota();
        quota.Apply(new AddressQuotas(null, new Dictionary<string, double> { ["10.0.0.1"] = 2 }));
        for (var i = 0; i < 20; i++) Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A.MapToIPv6()));
        for (var i = 0; i < 5; i++)
            Assert.Equal(new ConnectionEntry(ConnectionAdmission.AddressIsThrottled, 500), await quota.Enter("PLAINTEXT", A));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, B));
        Assert.Equal(21, quota.Count);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
        Assert.Equal(ConnectionAdmission.AddressIsThrottled, await Enter(quota, A));
    }

    [Fact]
    public async Task The_default_quota_binds_each_address_by_itself_and_one_of_its_own_goes_before()
    {
        var quota = Quota();
        quota.Apply(new AddressQuotas(0.1, new Dictionary<string, double> { ["friend"] = 100 }));
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
        Assert.Equal(ConnectionAdmission.AddressIsThrottled, await Enter(quota, A));
        for (var i = 0; i < 20; i++) Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, B));
        quota.Apply(AddressQuotas.None);
        Assert.Equal(ConnectionAdmission.Admitted, await Enter(quota, A));
    }

    [Theory]
    [InlineData("max.connections.per.ip.overrides", "nobody", "'nobody' is not host:connections")]
    [InlineData("max.connections.per.ip.overrides", "a b:3", "contains invalid addresses : a b")]
    [InlineData("max.connections.per.ip", "0", "can be set to zero only if max.connections.per.ip.overrides property is set")]
    [InlineData("listener.name.plaintext.max.connections", "few", "Not a number of type INT")]
    public void A_limit_that_is_none_is_refused(string name, string value, string expected)
    {
        var failure = Assert.Throws<ConfigurationException>(() => TestNode.ConfigOf((name, value)));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_quietest_connection_goes_first_of_those_that_may_go()
    {
        await using var node = TestNode.Start(time: _time);
        var quiet = node.Connect();
        _time.Advance(TimeSpan.FromSeconds(1));
        var busy = node.Connect();
        _time.Advance(TimeSpan.FromSeconds(1));
        var controller = node.Connect("CONTROLLER");
        node.Broker.Connections.Open.CloseQuietest(1, static listener => listener == "PLAINTEXT");
        Assert.Null(await quiet.Receive());
        foreach (var left in new[] { busy, controller })
        {
            Assert.Equal(Protocol.ErrorCode.None,
                (await left.Ask<Protocol.Messages.ApiVersionsRequest, Protocol.Messages.ApiVersionsResponse>(new(), 0)).ErrorCode);
        }
    }

    private ConnectionQuota Quota(params (string, string)[] settings) => Quota(["PLAINTEXT"], settings);

    private ConnectionQuota Quota(string[] listeners, params (string, string)[] settings) =>
        new(listeners, TestNode.ConfigOf(settings), static host => IPAddress.TryParse(host, out var address) ? address : B, _time);

    private static async Task<ConnectionAdmission> Enter(ConnectionQuota quota, IPAddress address, string listener = "PLAINTEXT") =>
        (await quota.Enter(listener, address)).Admission;
}
