using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// UpdateFeatures 0-2: raises and lowers finalized feature levels, all of a request or none; from 1 on with the kind of update, and validated only.
/// From 2 on features have no results of their own. kraft.version belongs to the quorum and is not raised here.
/// </summary>
[Serves(ApiKey.UpdateFeatures, 0, 2)]
public sealed class UpdateFeaturesHandler(IControllerChannel controller) : IHandler<UpdateFeaturesRequest, UpdateFeaturesResponse>
{
    public async ValueTask<UpdateFeaturesResponse?> Handle(UpdateFeaturesRequest request, RequestContext context) =>
        await controller.UpdateFeatures(request, context.ApiVersion);
}
