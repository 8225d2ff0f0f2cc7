using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// AlterClientQuotas 0-1: sets and removes quotas of users, client ids, both together, and addresses. Each entity on its own, all that is asked of it or
/// nothing; with validateOnly nothing. Answered when this node's metadata holds the change, and it counts from then on. Version 1 is the flexible one, no more.
/// </summary>
/// <remarks>An address may go by the name of a host. Names are looked up here, so that the controller waits for nobody.</remarks>
[Serves(ApiKey.AlterClientQuotas, 0, 1, ApiListeners.Controller)]
public sealed class AlterClientQuotasHandler(IController controller) : IHandler<AlterClientQuotasRequest, AlterClientQuotasResponse>
{
    /// <summary>Names that one request may have looked up; what is past it counts as unknown.</summary>
    private const int MaxHosts = 1_000;

    /// <summary>What the node itself asks to be changed names nothing that was not looked up before.</summary>
    private static readonly HashSet<string> NoHosts = [];

    public async ValueTask<AlterClientQuotasResponse?> Handle(AlterClientQuotasRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.AlterConfigs))
            return request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Cluster);
        var unknownHosts = context.IsOfNode ? NoHosts : await UnknownHosts(request);
        return (AlterClientQuotasResponse)await controller.AskOrRefuse(
            new ControllerRequest(request, context.ApiVersion) { UnknownHosts = unknownHosts }, context);
    }

    private static async ValueTask<HashSet<string>> UnknownHosts(AlterClientQuotasRequest request)
    {
        var unknown = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in request.Entries.SelectMany(static entry => entry.Entity))
        {
            if (part is not { EntityType: QuotaEntityTypes.Ip, EntityName: { Length: > 0 } host } || IPAddress.TryParse(host, out _) || !seen.Add(host))
                continue;
            if (seen.Count > MaxHosts || !await IsKnown(host)) unknown.Add(host);
        }
        return unknown;
    }

    private static async Task<bool> IsKnown(string host)
    {
        try
        {
            return (await Dns.GetHostAddressesAsync(host)).Length > 0;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return false;
        }
    }
}
