using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Controller;

/// <summary>What the controller must know of the settings of resources; the catalogue of settings and those of the node stand behind it.</summary>
public interface IResourceConfigRules
{
    /// <summary>
    /// The default of a setting that is a list, to which an alteration appends where nothing is set; null for a setting that is no list, and for one that
    /// nobody knows.
    /// </summary>
    IReadOnlyList<string>? ListDefault(ConfigResourceType type, string name);

    /// <summary>What is wrong with all that a resource would have set, in Kafka's words; null where nothing is.</summary>
    ConfigProblem? Check(ConfigResource resource, IReadOnlyDictionary<string, string> configs, MetadataImage image);
}
