using KafkaCompat.Broker.Dispatch;
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

    public ValueTask<CreateAclsResponse?> Handle(CreateAclsRequest request, RequestContext context) =>
        AclElements.Answer(request, AclElements.AreNamed(request), AclOperation.Alter, context, () => new CreateAclsResponse
        {
            Results = request.Creations.ConvertAll(static _ =>
                new CreateAclsResponse.AclCreationResult { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = NoAuthorizer }),
        });
}
