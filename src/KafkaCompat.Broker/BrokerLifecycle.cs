using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker;

/// <summary>
/// A broker's life in the eyes of the controller: it registers and is fenced, catches up with the metadata and is unfenced,
/// sends heartbeats, and asks to go. Leadership comes with unfencing and leaves before the last heartbeat.
/// </summary>
internal sealed class BrokerLifecycle(
    ServerConfig config, string clusterId, Uuid directoryId, Uuid incarnationId, ControllerLoop controller, MetadataPublisher publisher, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Between two heartbeats while something is waited for.</summary>
    private const int EagerIntervalMs = 10;

    private readonly CancellationTokenSource _stop = new();
    private long _brokerEpoch = -1;
    private Task _heartbeats = Task.CompletedTask;

    /// <summary>Registers this incarnation; returns its epoch.</summary>
    public async Task<long> RegisterAsync()
    {
        // This process holds the directory's lock, so an earlier incarnation that is still unfenced is dead.
        _ = await controller.FenceDeadBroker(config.NodeId);
        var request = new BrokerRegistrationRequest
        {
            BrokerId = config.NodeId,
            ClusterId = clusterId,
            IncarnationId = incarnationId,
            Rack = config.GetString("broker.rack"),
            LogDirs = [directoryId],
            PreviousBrokerEpoch = -1,
        };
        foreach (var listener in config.Listeners.AdvertisedOfBroker)
            request.Listeners.Add(new() { Name = listener.Name, Host = listener.Host, Port = (ushort)listener.Port, SecurityProtocol = 0 });
        foreach (var feature in SupportedFeatures.All)
            request.Features.Add(new() { Name = feature.Name, MinSupportedVersion = feature.Min, MaxSupportedVersion = feature.Max });
        var response = await controller.RegisterBroker(request);
        if (response.ErrorCode != ErrorCode.None) throw new InvalidOperationException($"The controller refused to register this broker: {response.ErrorCode}.");
        return _brokerEpoch = response.BrokerEpoch;
    }

    /// <summary>Tells the controller that this broker serves; done when it is unfenced. From then on heartbeats go out by themselves.</summary>
    public async Task UnfenceAsync()
    {
        while ((await Heartbeat(wantShutDown: false)).IsFenced) await Task.Delay(TimeSpan.FromMilliseconds(EagerIntervalMs), time);
        _heartbeats = SendHeartbeats();
    }

    /// <summary>Asks to go, and waits until the controller has moved what this broker led; not longer than a session lasts.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _heartbeats;
        _stop.Dispose();
        if (!config.GetBool("controlled.shutdown.enable")) return;
        var tries = Math.Max(1, config.GetInt("broker.session.timeout.ms") / EagerIntervalMs);
        for (var i = 0; i < tries && !(await Heartbeat(wantShutDown: true)).ShouldShutDown; i++) await Task.Delay(TimeSpan.FromMilliseconds(EagerIntervalMs), time);
    }

    private Task<BrokerHeartbeatResponse> Heartbeat(bool wantShutDown) => controller.Heartbeat(new BrokerHeartbeatRequest
    {
        BrokerId = config.NodeId,
        BrokerEpoch = _brokerEpoch,
        CurrentMetadataOffset = publisher.AppliedOffset,
        WantFence = false,
        WantShutDown = wantShutDown,
    });

    private async Task SendHeartbeats()
    {
        var interval = TimeSpan.FromMilliseconds(config.GetInt("broker.heartbeat.interval.ms"));
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, _stop.Token);
                _ = await Heartbeat(wantShutDown: false);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (NotControllerException)
        {
            // The node is going down; its controller went first.
        }
    }
}
