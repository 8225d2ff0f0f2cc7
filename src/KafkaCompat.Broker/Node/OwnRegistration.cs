using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Node;

/// <summary>What a node registers of itself: its listeners, its features, its directories.</summary>
internal static class OwnRegistration
{
    private static readonly string[] Protocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

    /// <summary>
    /// Of a broker. <paramref name="logDirs"/> are the ids of its directories, whose locks it holds; <paramref name="epochAtShutdown"/> is what the marker of a
    /// clean shutdown says, else -1.
    /// </summary>
    public static BrokerRegistrationRequest Of(
        ServerConfig config, string clusterId, Uuid incarnation, IEnumerable<Uuid> logDirs, long epochAtShutdown) => new()
        {
            BrokerId = config.NodeId,
            ClusterId = clusterId,
            IncarnationId = incarnation,
            Listeners = [.. config.Listeners.AdvertisedOfBroker.Select(EndpointOf).Select(static endpoint => new BrokerRegistrationRequest.Listener
            {
                Name = endpoint.Name,
                Host = endpoint.Host,
                Port = (ushort)endpoint.Port,
                SecurityProtocol = endpoint.SecurityProtocol,
            })],
            Features = [.. SupportedFeatures.All.Select(static feature => new BrokerRegistrationRequest.Feature
            {
                Name = feature.Name,
                MinSupportedVersion = feature.Min,
                MaxSupportedVersion = feature.Max,
            })],
            Rack = config.GetString(ConfigKeys.BrokerRack),
            LogDirs = [.. logDirs],
            PreviousBrokerEpoch = epochAtShutdown,
        };

    /// <summary>A listener as the cluster's records have it.</summary>
    public static Endpoint EndpointOf(ListenerEndpoint listener) =>
        new(listener.Name, listener.Host, listener.Port, (short)Math.Max(0, Array.IndexOf(Protocols, listener.SecurityProtocol)));
}
