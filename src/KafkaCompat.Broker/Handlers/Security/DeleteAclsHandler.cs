using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// DeleteAcls 1-3: SECURITY_DISABLED for each filter, as Apache Kafka answers without an authorizer, which is a setting that is refused here; an element of
/// code 0 closes the connection (<see cref="AclElements"/>).
/// </summary>
[Serves(ApiKey.DeleteAcls, 1, 3, ApiListeners.Controller)]
public sealed class DeleteAclsHandler : IHandler<DeleteAclsRequest, DeleteAclsResponse>
{
    public ValueTask<DeleteAclsResponse?> Handle(DeleteAclsRequest request, RequestContext context)
    {
        if (!AclElements.AreNamed(request))
        {
            context.CloseConnection();
            return ValueTask.FromResult<DeleteAclsResponse?>(null);
        }

        if (!context.Access.AllowsOnCluster(AclOperation.Alter))
        {
            var refusal = request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter));
            return ValueTask.FromResult<DeleteAclsResponse?>(refusal);
        }

        var response = new DeleteAclsResponse();
        foreach (var _ in request.Filters)
            response.FilterResults.Add(new() { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = CreateAclsHandler.NoAuthorizer });
        return ValueTask.FromResult<DeleteAclsResponse?>(response);
    }
}
