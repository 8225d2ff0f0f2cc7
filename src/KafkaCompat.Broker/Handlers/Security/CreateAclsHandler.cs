using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// CreateAcls 1-3: SECURITY_DISABLED for each rule, as Apache Kafka answers without an authorizer, which is a setting that is refused here; an element of code
/// 0 closes the connection (<see cref="AclElements"/>).
/// </summary>
[Serves(ApiKey.CreateAcls, 1, 3, ApiListeners.Controller)]
public sealed class CreateAclsHandler : IHandler<CreateAclsRequest, CreateAclsResponse>
{
    internal const string NoAuthorizer = "No Authorizer is configured.";

    public ValueTask<CreateAclsResponse?> Handle(CreateAclsRequest request, RequestContext context)
    {
        if (!AclElements.AreNamed(request))
        {
            context.CloseConnection();
            return ValueTask.FromResult<CreateAclsResponse?>(null);
        }

        if (!context.Access.AllowsOnCluster(AclOperation.Alter))
        {
            var refusal = request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter));
            return ValueTask.FromResult<CreateAclsResponse?>(refusal);
        }

        var response = new CreateAclsResponse();
        foreach (var _ in request.Creations) response.Results.Add(new() { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = NoAuthorizer });
        return ValueTask.FromResult<CreateAclsResponse?>(response);
    }
}
