using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>A directory is slow from its first slow append on, until none was for a while.</summary>
public sealed class SlowAppendsTests
{
    private readonly FixedClock _clock = new(0);
    private readonly List<string> _told = [];
    private readonly SlowAppends _appends;

    public SlowAppendsTests()
    {
        _appends = new SlowAppends(_clock);
        _appends.BecameSlow += tookMs => _told.Add($"slow {tookMs}");
        _appends.BecameFast += ms => _told.Add($"fast {ms}");
    }

    [Fact]
    public void An_append_within_the_bound_changes_nothing()
    {
        Append(SlowAppends.SlowMs);
        Assert.False(_appends.AreSlow());
        Assert.Equal(0, _appends.Count);
        Assert.Empty(_told);
    }

    [Fact]
    public void It_is_fast_again_when_an_append_was_and_none_was_slow_for_a_while()
    {
        Append(SlowAppends.SlowMs + 1);
        Assert.True(_appends.AreSlow());
        _clock.NowMs += SlowAppends.MinSlowForMs - 1;
        Append(0);
        Append(SlowAppends.SlowMs + 20);
        _clock.NowMs += SlowAppends.MinSlowForMs - 1;
        Append(0);
        Assert.True(_appends.AreSlow());
        _clock.NowMs += 1;
        // As long as nobody has tried nobody knows.
        Assert.True(_appends.AreSlow());
        Append(0);
        Assert.False(_appends.AreSlow());
        Assert.Equal(2, _appends.Count);
        Assert.Equal([$"slow {SlowAppends.SlowMs + 1}", $"fast {SlowAppends.MinSlowForMs}"], _told);
    }

    [Fact]
    public void A_disk_that_stalls_again_and_again_is_slow_for_longer_each_time_up_to_a_bound()
    {
        int[] expected = [100, 200, 400, 800, 1_600, 2_000, 2_000];
        Assert.Equal(expected, expected.Select(_ => SlowFor()));
        // One that has been fast for as long is trusted anew.
        _clock.NowMs += SlowAppends.RelapseMs;
        Assert.Equal(SlowAppends.MinSlowForMs, SlowFor());
        _clock.NowMs += SlowAppends.RelapseMs - SlowAppends.SlowMs - 2;
        Assert.Equal(SlowAppends.MinSlowForMs * 2, SlowFor());
    }

    [Fact]
    public void An_append_that_does_not_end_is_seen_by_the_next()
    {
        var begun = _clock.TickMs();
        _appends.Begin(begun);
        _appends.Begin(begun);
        // Whichever of them ends, the other one is watched.
        _appends.End(begun);
        _clock.NowMs += SlowAppends.SlowMs;
        Assert.False(_appends.AreSlow());
        _clock.NowMs += 1;
        Assert.True(_appends.AreSlow());
        Assert.Equal([$"slow {SlowAppends.SlowMs + 1}"], _told);
        _clock.NowMs += SlowAppends.MinSlowForMs;
        _appends.End(begun);
        Append(0);
        // From its end on the others have to be fast.
        Assert.True(_appends.AreSlow());
        Assert.Equal(1, _appends.Count);
    }

    [Fact]
    public void A_listener_that_throws_costs_no_append()
    {
        _appends.BecameSlow += static _ => throw new InvalidOperationException("no room for the line");
        _appends.BecameFast += static _ => throw new InvalidOperationException("no room for the line");
        Append(SlowAppends.SlowMs + 1);
        Assert.True(_appends.AreSlow());
        _clock.NowMs += SlowAppends.MinSlowForMs;
        Append(0);
        Assert.False(_appends.AreSlow());
        Assert.Equal([$"slow {SlowAppends.SlowMs + 1}", $"fast {SlowAppends.MinSlowForMs}"], _told);
    }

    /// <summary>A slow append, and the milliseconds that it takes until appends are expected to be fast.</summary>
    private int SlowFor()
    {
        Append(SlowAppends.SlowMs + 1);
        for (var ms = 0; ; ms += 50)
        {
            Append(0);
            if (!_appends.AreSlow()) return ms;
            _clock.NowMs += 50;
        }
    }

    private void Append(int ms)
    {
        var begun = _clock.TickMs();
        _appends.Begin(begun);
        _clock.NowMs += ms;
        _appends.End(begun);
    }
}
