using KafkaCompat.Broker.Loops;
using KafkaCompat.Protocol.Invariants;
using Xunit;

namespace KafkaCompat.Broker.Tests.Loops;

public class TimerWheelTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(495)]
    [InlineData(10_240)]
    [InlineData(600_000)]
    public void An_entry_fires_once_and_never_early(int delayMs)
    {
        using var wheel = new TimerWheel(_time);
        var entry = new Entry();
        _time.Advance(TimeSpan.FromMilliseconds(3));
        wheel.Schedule(entry, delayMs);
        _time.Advance(TimeSpan.FromMilliseconds(delayMs - 1 < 0 ? 0 : delayMs - 1));
        Assert.Equal(0, entry.Fired);
        _time.Advance(TimeSpan.FromMilliseconds(1 + (2 * TimerWheel.TickMs)));
        Assert.Equal(1, entry.Fired);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, entry.Fired);
        Assert.Equal(0, wheel.Count);
    }

    /// <summary>A setting of the largest number there is stands for never.</summary>
    [Fact]
    public void A_delay_that_no_clock_reaches_does_not_fire()
    {
        using var wheel = new TimerWheel(_time);
        var (never, soon) = (new Entry(), new Entry());
        _time.Advance(TimeSpan.FromSeconds(1));
        wheel.Schedule(never, long.MaxValue);
        wheel.Schedule(soon, 50);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((0, 1), (never.Fired, soon.Fired));
        Assert.True(wheel.Cancel(never));
    }

    [Fact]
    public void A_cancelled_entry_stays_silent_and_can_be_scheduled_again()
    {
        using var wheel = new TimerWheel(_time);
        var entry = new Entry();
        wheel.Schedule(entry, 50);
        Assert.True(wheel.Cancel(entry));
        Assert.False(wheel.Cancel(entry));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, entry.Fired);
        wheel.Schedule(entry, 50);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, entry.Fired);
    }

    [Fact]
    public void Ten_thousand_entries_fire_in_the_order_of_their_ticks()
    {
        using var wheel = new TimerWheel(_time);
        var fired = new List<int>();
        var random = new Random(7);
        for (var i = 0; i < 10_000; i++)
        {
            var delay = random.Next(0, 30_000);
            wheel.Schedule(new Entry(() => fired.Add(delay)), delay);
        }
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(10_000, fired.Count);
        for (var i = 1; i < fired.Count; i++) Assert.True(fired[i] + TimerWheel.TickMs >= fired[i - 1]);
    }

    [Fact]
    public void A_resting_wheel_starts_again_at_the_present()
    {
        using var wheel = new TimerWheel(_time);
        _time.Advance(TimeSpan.FromHours(1));
        var entry = new Entry();
        wheel.Schedule(entry, 100);
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(0, entry.Fired);
        _time.Advance(TimeSpan.FromMilliseconds(21));
        Assert.Equal(1, entry.Fired);
    }

    [Fact]
    public void Deadlines_that_are_far_away_wake_nobody_often()
    {
        using var wheel = new TimerWheel(_time);
        for (var i = 0; i < 10_000; i++) wheel.Schedule(new Entry(), 600_000 + i);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.InRange(_time.Fired, 1, 9 * 60 / 5);
        Assert.Equal(10_000, wheel.Count);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(0, wheel.Count);
        var fired = _time.Fired;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(fired, _time.Fired);
    }

    [Fact]
    public void A_deadline_that_is_near_is_the_only_call_until_then()
    {
        using var wheel = new TimerWheel(_time);
        wheel.Schedule(new Entry(), 500);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _time.Fired);
    }

    [Fact]
    public void Entries_that_come_and_go_fire_when_they_are_due_or_not_at_all()
    {
        using var wheel = new TimerWheel(_time);
        var random = new Random(11);
        var waiting = new List<(Entry Entry, DateTimeOffset Due)>();
        for (var step = 0; step < 20_000; step++)
        {
            var delay = random.Next(4) == 0 ? random.Next(60_000) : random.Next(600);
            var entry = new Entry();
            wheel.Schedule(entry, delay);
            waiting.Add((entry, _time.GetUtcNow().AddMilliseconds(delay)));
            if (random.Next(3) == 0)
            {
                var at = random.Next(waiting.Count);
                var (gone, _) = waiting[at];
                waiting.RemoveAt(at);
                Assert.True(wheel.Cancel(gone));
            }

            _time.Advance(TimeSpan.FromMilliseconds(random.Next(100) == 0 ? random.Next(15_000) : random.Next(20)));
            var now = _time.GetUtcNow();
            Assert.All(waiting, one => Assert.InRange(one.Entry.Fired, one.Due.AddMilliseconds(2 * TimerWheel.TickMs) <= now ? 1 : 0, one.Due <= now ? 1 : 0));
            _ = waiting.RemoveAll(static one => one.Entry.Fired > 0);
        }

        Assert.Equal(waiting.Count, wheel.Count);
    }

    [Fact]
    public void An_entry_may_schedule_itself_again_when_it_fires()
    {
        using var wheel = new TimerWheel(_time);
        Entry entry = null!;
        entry = new Entry(() =>
        {
            if (entry.Fired < 3) wheel.Schedule(entry, 100);
        });
        wheel.Schedule(entry, 100);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, entry.Fired);
    }

    /// <summary>An exception of the timer's thread ends the process, which may be that of a test with other nodes.</summary>
    [Fact]
    public void A_broken_invariant_that_a_deadline_meets_is_told_to_the_node_and_the_others_fire()
    {
        var faults = new FatalFaults();
        using var wheel = new TimerWheel(_time, faults);
        var broken = new InvariantException("t-0", "x");
        var entries = new[] { new Entry(), new Entry(() => throw broken), new Entry() };
        foreach (var entry in entries) wheel.Schedule(entry, 50);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([1, 1, 1], entries.Select(static entry => entry.Fired));
        Assert.Same(broken, faults.First);
    }

    private sealed class Entry(Action? action = null) : TimerWheelEntry
    {
        public int Fired { get; private set; }

        protected internal override void OnDeadline()
        {
            Fired++;
            action?.Invoke();
        }
    }
}
