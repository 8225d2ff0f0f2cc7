using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// ElectLeaders 0-2: the preferred leader, from 1 on also any live replica where there is no leader. ELECTION_NOT_NEEDED is the usual answer of a
/// single node. Of all partitions (null) only those that needed an election are listed, each topic all the same.
/// </summary>
[Serves(ApiKey.ElectLeaders, 0, 2)]
public sealed class ElectLeadersHandler(IControllerChannel controller) : IHandler<ElectLeadersRequest, ElectLeadersResponse>
{
    public async ValueTask<ElectLeadersResponse?> Handle(ElectLeadersRequest request, RequestContext context)
    {
        var response = await controller.ElectLeaders(request);

        // Version 0 tells each partition's error alone.
        if (context.ApiVersion == 0) response.ErrorCode = ErrorCode.None;
        return response;
    }
}
