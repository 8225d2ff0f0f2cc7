using System.Net;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Security;

/// <summary>
/// What a client may do: its principal, its address, the listener that it came by, and the rules that hold there. Every handler asks it for each operation on
/// each resource, as Apache Kafka does. Where a listener has no rules all is allowed, and a question costs a branch.
/// </summary>
public sealed class Access(string principal, IPAddress address, string listenerName, IAuthorizer? authorizer)
{
    /// <summary>The one resource of the type CLUSTER.</summary>
    public const string ClusterName = "kafka-cluster";

    private static readonly AclOperation[] OnTopic =
    [
        AclOperation.Describe, AclOperation.Delete, AclOperation.Write, AclOperation.Read, AclOperation.Create, AclOperation.AlterConfigs, AclOperation.Alter,
        AclOperation.DescribeConfigs,
    ];

    private static readonly AclOperation[] OnGroup =
        [AclOperation.Describe, AclOperation.Delete, AclOperation.Read, AclOperation.AlterConfigs, AclOperation.DescribeConfigs];

    /// <summary>DESCRIBE is asked before.</summary>
    private static readonly AclOperation[] OnCluster =
    [
        AclOperation.Create, AclOperation.ClusterAction, AclOperation.IdempotentWrite, AclOperation.Alter, AclOperation.AlterConfigs,
        AclOperation.DescribeConfigs,
    ];

    /// <summary>That of a node which asks for itself: nobody asks the rules.</summary>
    public static Access Unlimited { get; } = new("", IPAddress.None, "", null);

    /// <summary>Whether there are no rules. What is asked of many resources need not be asked of each then.</summary>
    public bool IsUnlimited => authorizer is null;

    /// <summary>Whether the client may do this to a resource.</summary>
    public bool Allows(AclOperation operation, ResourceType type, string name) =>
        authorizer is null || authorizer.Allows(new AccessQuestion(principal, address, listenerName, operation, type, name));

    /// <summary>Whether the client may do this to a topic.</summary>
    public bool AllowsOnTopic(AclOperation operation, string topic) => Allows(operation, ResourceType.Topic, topic);

    /// <summary>Whether the client may do this to a group.</summary>
    public bool AllowsOnGroup(AclOperation operation, string group) => Allows(operation, ResourceType.Group, group);

    /// <summary>Whether the client may do this to the cluster.</summary>
    public bool AllowsOnCluster(AclOperation operation) => Allows(operation, ResourceType.Cluster, ClusterName);

    /// <summary>Whether there is any resource of a type that the client may do this to.</summary>
    public bool AllowsOnAny(AclOperation operation, ResourceType type) =>
        authorizer is null || authorizer.Allows(new AccessQuestion(principal, address, listenerName, operation, type, null));

    /// <summary>All that the client may do to a topic, as Metadata answers it: a bit for each operation.</summary>
    public int OperationsOnTopic(string topic) => Operations(OnTopic, ResourceType.Topic, topic);

    /// <summary>All that the client may do to a group, as DescribeGroups answers it.</summary>
    public int OperationsOnGroup(string group) => Operations(OnGroup, ResourceType.Group, group);

    /// <summary>All that the client may do to the cluster, as DescribeCluster answers it; nothing for a client that may not describe the cluster.</summary>
    public int OperationsOnCluster() =>
        AllowsOnCluster(AclOperation.Describe) ? (1 << (int)AclOperation.Describe) | Operations(OnCluster, ResourceType.Cluster, ClusterName) : 0;

    private int Operations(AclOperation[] operations, ResourceType type, string name)
    {
        var allowed = 0;
        foreach (var operation in operations)
        {
            if (Allows(operation, type, name)) allowed |= 1 << (int)operation;
        }

        return allowed;
    }
}
