using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// AlterUserScramCredentials 0: stores and deletes SCRAM credentials in the metadata log, one change a user in a request. They are Kafka's records, for the
/// day a listener asks for passwords; so far none can.
/// </summary>
[Serves(ApiKey.AlterUserScramCredentials, 0, 0)]
public sealed class AlterUserScramCredentialsHandler(IControllerChannel controller) : IHandler<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>
{
    public async ValueTask<AlterUserScramCredentialsResponse?> Handle(AlterUserScramCredentialsRequest request, RequestContext context) =>
        await controller.AlterUserScramCredentials(request);
}
