using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.CommandLine;

/// <summary>Which node should answer, as far as settings and their directory say.</summary>
/// <param name="NodeId">Null where nobody said.</param>
/// <param name="ClusterId">Null where the directory is not formatted, or not readable from here.</param>
internal sealed record ExpectedNode(int? NodeId, string? ClusterId)
{
    public static ExpectedNode Any { get; } = new(null, null);

    /// <summary>
    /// The node of that configuration. A node.id that somebody gave counts over its directory, which may be another node's by mistake: a start would refuse it.
    /// </summary>
    public static ExpectedNode Of(ServerConfig config, bool isNodeIdGiven)
    {
        try
        {
            var files = new DiskFileStore();
            if (files.FolderExists(config.MetadataLogDir) && MetaProperties.Read(files, config.MetadataLogDir) is { } meta)
            {
                return isNodeIdGiven && config.NodeId != meta.NodeId ? new(config.NodeId, null) : new(meta.NodeId, meta.ClusterId);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LogCorruptionException)
        {
            // The node itself says what is wrong with it.
        }

        return new(config.IsSet(ConfigKeys.NodeId) ? config.NodeId : null, null);
    }

    /// <summary>How the node that answered differs; null where it is this one, or an earlier version that does not say who it is.</summary>
    public string? Differs(string? nodeId, string? clusterId)
    {
        var isOtherNode = NodeId is { } node && nodeId is not null && nodeId != node.ToString(CultureInfo.InvariantCulture);
        var isOtherCluster = ClusterId is not null && clusterId is not null && clusterId != ClusterId;
        return isOtherNode || isOtherCluster
            ? string.Create(CultureInfo.InvariantCulture,
            $"node {nodeId}{(clusterId is null ? "" : $" of cluster {clusterId}")}, and not node "
            + $"{NodeId}{(ClusterId is null ? "" : $" of cluster {ClusterId}")}")
            : null;
    }
}
