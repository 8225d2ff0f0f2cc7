using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;

namespace KafkaCompat.Cluster.Controller;

/// <summary>All that one request is decided on. Deciding reads it and changes nothing of it but <see cref="Quota"/>, which is the decision's own.</summary>
internal sealed class ControllerTurn(ControllerRequest request)
{
    /// <summary>The request with what came along.</summary>
    public ControllerRequest Request => request;

    /// <summary>The version that the request came in.</summary>
    public short Version => Request.Version;

    /// <summary>What who asks may do.</summary>
    public Access Access => Request.Access;

    public required ControllerSettings Settings { get; init; }

    /// <summary>The metadata with all that has been appended.</summary>
    public required MetadataImage Image { get; init; }

    /// <summary>Where the first record of the decision will stand.</summary>
    public required long NextOffset { get; init; }

    public required Now Now { get; init; }

    /// <summary>For what is chosen at random: ids, places of replicas.</summary>
    public required Random Random { get; init; }

    public required BrokerSessions Sessions { get; init; }

    public required MutationQuotas Quotas { get; init; }

    /// <summary>The quota that the request was decided under; null where none of its kind counts.</summary>
    public MutationQuota? Quota { get; private set; }

    /// <summary>
    /// The controller mutation quota of the request. From a version on its clients know the error and are refused; older ones are only throttled.
    /// </summary>
    public MutationQuota MutationQuota(short strictSince) => Quota ??= Quotas.Of(Request.Client, Version >= strictSince, Now.TickMs);

    public BrokerDecisions Brokers => new(Settings, Image, Sessions);
}
