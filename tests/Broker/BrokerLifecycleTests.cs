using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>A start that finds no controller waits for one, as Apache Kafka's does.</summary>
public sealed class BrokerLifecycleTests : IControllerChannel, IAsyncDisposable
{
    private const int TimeoutMs = 60_000;

    private readonly ManualTime _time = new();
    private readonly BrokerLifecycle _lifecycle;
    private readonly MetadataApplier _metadata;
    private volatile bool _hasController;
    private volatile bool _isGone;
    private bool _isDisposed;
    private int _asked;

    public BrokerLifecycleTests()
    {
        _metadata = new MetadataApplier(new SnapshotPolicy(), _time);
        _lifecycle = new BrokerLifecycle(this, _metadata, new BrokerRegistrationRequest { BrokerId = 3 }, TimeSpan.FromSeconds(2), _time)
        {
            RegistrationTimeoutMs = TimeoutMs,
            IsControllerGone = () => _isGone,
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        await _lifecycle.DisposeAsync();
    }

    Task<ForwardedAnswer> IControllerChannel.Forward(ForwardedRequest request)
    {
        _ = Interlocked.Increment(ref _asked);
        if (!_hasController) return Task.FromResult(ForwardedAnswer.Without(ErrorCode.NotController));
        return Task.FromResult(ForwardedAnswer.Of(request.Body is BrokerRegistrationRequest
            ? new BrokerRegistrationResponse { BrokerEpoch = 7 }
            : new BrokerHeartbeatResponse { IsCaughtUp = true, IsFenced = false }));
    }

    [Fact]
    public async Task It_registers_and_is_unfenced_when_there_is_a_controller()
    {
        var registering = _lifecycle.Register();
        await Passing(() => Volatile.Read(ref _asked) > 3);
        Assert.False(registering.IsCompleted);
        _hasController = true;
        await Passing(() => registering.IsCompleted);
        await registering;
        Assert.Equal(7, _lifecycle.Epoch);
        _hasController = false;
        var before = Volatile.Read(ref _asked);
        var unfencing = _lifecycle.Unfence();
        await Passing(() => Volatile.Read(ref _asked) > before + 3);
        Assert.False(unfencing.IsCompleted);
        _hasController = true;
        await Passing(() => unfencing.IsCompleted);
        await unfencing;
    }

    [Fact]
    public async Task It_gives_up_after_the_registration_timeout_and_says_what_bounds_it()
    {
        var started = _time.GetTimestamp();
        var registering = _lifecycle.Register();
        await Passing(() => registering.IsCompleted, stepMs: 1_000);
        var failure = await Assert.ThrowsAsync<QuorumStateException>(() => registering);
        Assert.Contains("initial.broker.registration.timeout.ms", failure.Message, StringComparison.Ordinal);
        Assert.True(_time.GetElapsedTime(started).TotalMilliseconds >= TimeoutMs);
    }

    [Fact]
    public async Task It_waits_for_no_controller_that_will_not_be()
    {
        _isGone = true;
        _ = await Assert.ThrowsAsync<NotControllerException>(_lifecycle.Register);
        _ = await Assert.ThrowsAsync<NotControllerException>(_lifecycle.Unfence);
    }

    [Fact]
    public async Task A_stop_ends_the_wait()
    {
        var registering = _lifecycle.Register();
        await Passing(() => Volatile.Read(ref _asked) > 1);
        await DisposeAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => registering);
    }

    /// <summary>Waits for something, and time passes meanwhile.</summary>
    private Task Passing(Func<bool> holds, int stepMs = 50) => Eventually.Is(() =>
    {
        _time.Advance(TimeSpan.FromMilliseconds(stepMs));
        return holds();
    });
}
