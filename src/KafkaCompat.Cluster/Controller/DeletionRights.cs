using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Which topics a client may delete, and of which it may know: all where it may delete on the cluster.</summary>
internal sealed class DeletionRights(Access access)
{
    private readonly bool _isOfAll = access.AllowsOnCluster(AclOperation.Delete);

    public bool MayDescribe(string topic) => _isOfAll || access.AllowsOnTopic(AclOperation.Describe, topic);

    public bool MayDelete(string topic) => _isOfAll || access.AllowsOnTopic(AclOperation.Delete, topic);
}
