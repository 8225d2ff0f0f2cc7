using KafkaCompat.Broker.Dispatch;
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
    public ValueTask<DeleteAclsResponse?> Handle(DeleteAclsRequest request, RequestContext context) =>
        AclElements.Answer(request, AclElements.AreNamed(request), AclOperation.Alter, context, () => new DeleteAclsResponse
        {
            FilterResults = request.Filters.ConvertAll(static _ => new DeleteAclsResponse.DeleteAclsFilterResult
            {
                ErrorCode = ErrorCode.SecurityDisabled,
                ErrorMessage = CreateAclsHandler.NoAuthorizer,
            }),
        });
}
