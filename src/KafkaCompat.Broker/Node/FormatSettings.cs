using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Node;

/// <summary>What a directory is formatted with.</summary>
/// <param name="NodeId">node.id.</param>
/// <param name="ClusterId">22 characters of base64url.</param>
/// <param name="ControllerEndpoint">Where the only voter is reached; null where controller.quorum.voters names the voters, which are then not in the
/// log.</param>
public sealed record FormatSettings(int NodeId, string ClusterId, Endpoint? ControllerEndpoint)
{
    /// <summary>The records with which the metadata log begins: the features of a new cluster first.</summary>
    public IReadOnlyList<VersionedRecord> Records { get; init; } = DirectoryFormat.NewClusterFeatures;

    /// <summary>The id of the metadata log's directory; null for a new one.</summary>
    public Uuid? DirectoryId { get; init; }
}
