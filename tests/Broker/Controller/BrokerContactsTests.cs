using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Tests.Loops;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>Contacts are kept for a controller that hears of them, and for no other.</summary>
public sealed class BrokerContactsTests
{
    private readonly BrokerContacts _contacts = new(new ManualTime());

    [Fact]
    public void Heartbeats_that_an_inactive_controller_refuses_leave_nothing()
    {
        for (var broker = 0; broker < 1_000; broker++)
        {
            _contacts.Begin(broker, broker);
            _contacts.End(broker, broker);
        }
        Assert.Equal(0, _contacts.Count);
    }

    [Fact]
    public void A_leadership_that_ends_takes_its_contacts_along()
    {
        _contacts.Start();
        _contacts.Begin(1, 7);
        _contacts.Begin(2, 8);
        Assert.Equal(2, _contacts.Count);
        _contacts.Stop();
        Assert.Equal(0, _contacts.Count);
        // Its heartbeats are answered now: refused.
        _contacts.End(1, 7);
        Assert.Equal(0, _contacts.Count);
    }

    [Fact]
    public void A_heartbeat_that_came_before_the_leadership_waits_no_more_when_it_is_answered()
    {
        _contacts.Begin(1, 7);
        _contacts.Start();
        _contacts.End(1, 7);
        _contacts.Begin(1, 7);
        _contacts.End(1, 7);
        Assert.Equal(1, _contacts.Count);
    }
}
