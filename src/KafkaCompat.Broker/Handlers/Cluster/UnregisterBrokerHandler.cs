using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// UnregisterBroker 0: takes a broker out of the cluster's metadata. A running broker of that id is refused by the controller until it starts anew.
/// </summary>
[Serves(ApiKey.UnregisterBroker, 0, 0)]
public sealed class UnregisterBrokerHandler(IControllerChannel controller) : IHandler<UnregisterBrokerRequest, UnregisterBrokerResponse>
{
    public async ValueTask<UnregisterBrokerResponse?> Handle(UnregisterBrokerRequest request, RequestContext context) =>
        await controller.UnregisterBroker(request);
}
