using System.Collections.Immutable;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Metadata;

/// <summary>
/// The effective settings of this broker. A setting of this broker in the metadata overrides one of all brokers, which overrides <c>server.properties</c>.
/// As in Kafka, an invalid setting is logged and ignored, and the others take effect. It is invalid if its name is unknown, if it may not change, if its
/// value is malformed, or if it is a per-broker setting that was set for all brokers.
/// </summary>
/// <remarks>Where a node listens comes from <c>server.properties</c> alone, and the log says so. Settings of TLS and SASL are kept for the listeners that will
/// have them.</remarks>
public sealed class DynamicBrokerConfig : IMetadataListener
{
    private readonly ILogger _logger;
    private readonly ConfigResource _own;
    private volatile Layers _layers;
    private ServerConfig _announced;

    public DynamicBrokerConfig(ServerConfig configured, ILogger logger)
    {
        Configured = configured;
        _logger = logger;
        _own = new ConfigResource(ConfigResourceType.Broker, configured.NodeId.ToString(CultureInfo.InvariantCulture));
        _announced = configured;
        _layers = new Layers(MetadataImage.Empty.ConfigsOf(ConfigResource.AllBrokers), MetadataImage.Empty.ConfigsOf(_own), configured, []);
    }

    /// <summary>Raised in the order of the metadata when other settings hold than before, after partitions have theirs.</summary>
    public event Action<ServerConfig>? Changed;

    /// <summary>What the file, the environment and the command line say.</summary>
    public ServerConfig Configured { get; }

    /// <summary>
    /// The settings that hold under an image. Images share what did not change, so that the answer is at hand for all but the first question.
    /// </summary>
    public ServerConfig Of(MetadataImage image) => LayersOf(image).Effective;

    /// <summary>Whether a change of this resource is one of the settings here.</summary>
    public bool Concerns(ConfigResource resource) => resource == ConfigResource.AllBrokers || resource == _own;

    public ValueTask OnMetadata(MetadataStep step)
    {
        if (!step.Delta.ChangedConfigs.Any(Concerns)) return ValueTask.CompletedTask;
        var layers = LayersOf(step.Image);
        foreach (var problem in layers.Problems) DynamicBrokerConfigLogMessages.LeftOut(_logger, problem);
        if (ReferenceEquals(_announced, layers.Effective)) return ValueTask.CompletedTask;
        _announced = layers.Effective;
        Changed?.Invoke(layers.Effective);
        return ValueTask.CompletedTask;
    }

    private Layers LayersOf(MetadataImage image)
    {
        var (shared, own) = (image.ConfigsOf(ConfigResource.AllBrokers), image.ConfigsOf(_own));
        var known = _layers;
        if (ReferenceEquals(known.Shared, shared) && ReferenceEquals(known.Own, own)) return known;
        var made = Make(shared, own);
        // An older image that somebody still answers from may come after a newer one; then the next question makes this again.
        _layers = made;
        return made;
    }

    private Layers Make(ImmutableSortedDictionary<string, string> shared, ImmutableSortedDictionary<string, string> own)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = new List<string>();
        Add(shared, isShared: true);
        Add(own, isShared: false);
        if (settings.Count == 0) return new Layers(shared, own, Configured, problems);
        try
        {
            return new Layers(shared, own, Configured.With(settings), problems);
        }
        catch (ConfigurationException e)
        {
            problems.Add($"{string.Join(", ", settings.Keys)} together: {e.Message}");
            return new Layers(shared, own, Configured, problems);
        }

        void Add(ImmutableSortedDictionary<string, string> layer, bool isShared)
        {
            foreach (var (name, value) in layer)
            {
                if (Problem(name, value, isShared) is { } problem)
                    problems.Add($"{name} of {(isShared ? "all brokers" : $"broker {Configured.NodeId}")}: {problem}");
                else settings[name] = value;
            }
        }
    }

    /// <summary>Why a value that the metadata holds is left out; null where it is not.</summary>
    internal static string? Problem(string name, string value, bool isShared)
    {
        if (KnownSettings.IsDynamicOnly(name)) return null;
        var ofListener = ListenerConfigs.TrySplit(name, out _, out var ofItsOwn);
        var setting = ofItsOwn ?? name;
        if (ConfigCatalog.FindBroker(setting) is not { } key) return "there is no such setting";
        if (key.Dynamic == ConfigDynamic.ReadOnly && !ofListener) return "it cannot change while a broker runs";
        if (isShared && (ofListener ? !ListenerConfigs.IsOfEveryListener(setting) : key.Dynamic == ConfigDynamic.PerBroker))
            return "it is set for one broker, not for all";
        if (!ofListener && KnownSettings.IsFromFileAlone(name))
            return "set it in server.properties; from the metadata it is not taken";
        return key.TryParse(value, out _, out var problem) ? UnservedSettings.Refusal(key, value) : problem;
    }

    private sealed record Layers(
        ImmutableSortedDictionary<string, string> Shared, ImmutableSortedDictionary<string, string> Own, ServerConfig Effective,
            IReadOnlyList<string> Problems);
}
