using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// CreateDelegationToken 1-3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as Apache Kafka answers on a connection that nobody logged in on; all are such here.
/// </summary>
[Serves(ApiKey.CreateDelegationToken, 1, 3, ApiListeners.Controller)]
public sealed class CreateDelegationTokenHandler : IHandler<CreateDelegationTokenRequest, CreateDelegationTokenResponse>
{
    private const short OwnerSince = 3;

    public ValueTask<CreateDelegationTokenResponse?> Handle(CreateDelegationTokenRequest request, RequestContext context)
    {
        var knowsOwner = context.ApiVersion >= OwnerSince;
        var hasOwner = knowsOwner && !string.IsNullOrEmpty(request.OwnerPrincipalName);
        // An owner without a type is none that Kafka can name.
        var isNameless = hasOwner && request.OwnerPrincipalType is null;
        return ValueTask.FromResult<CreateDelegationTokenResponse?>(new()
        {
            ErrorCode = isNameless ? ErrorCode.UnknownServerError : ErrorCode.DelegationTokenRequestNotAllowed,
            PrincipalType = hasOwner && !isNameless ? request.OwnerPrincipalType! : "User",
            PrincipalName = hasOwner && !isNameless ? request.OwnerPrincipalName! : context.User,
            TokenRequesterPrincipalType = knowsOwner ? "User" : "",
            TokenRequesterPrincipalName = knowsOwner ? context.User : "",
            IssueTimestampMs = -1,
            ExpiryTimestampMs = -1,
            MaxTimestampMs = -1,
        });
    }
}
