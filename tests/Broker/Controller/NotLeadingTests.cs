using System.Net;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Handlers.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>
/// What the handlers of the controller's listener say where this node does not lead: a client is answered NOT_CONTROLLER in its own answer, and a broker that
/// passes a request on in the error of its Envelope.
/// </summary>
public sealed class NotLeadingTests
{
    private static readonly DispatchTable Table = new(ApiListeners.Controller, []);

    [Fact]
    public async Task A_client_that_alters_quotas_is_answered_and_its_connection_stays()
    {
        var request = new AlterClientQuotasRequest { Entries = { new() { Entity = { new() { EntityType = "user", EntityName = "a" } } } } };
        var answer = await new AlterClientQuotasHandler(new Nobody()).Handle(request, Context(ApiKey.AlterClientQuotas, isForwarded: false));
        Assert.Equal(ErrorCode.NotController, Assert.Single(answer!.Entries).ErrorCode);
        _ = await Assert.ThrowsAsync<NotControllerException>(
            async () => await new AlterClientQuotasHandler(new Nobody()).Handle(request, Context(ApiKey.AlterClientQuotas, isForwarded: true)));
    }

    [Fact]
    public void A_forwarded_request_is_refused_as_a_whole_and_a_client_s_in_its_answer()
    {
        var request = new AlterConfigsRequest { Resources = { new() { ResourceType = 2, ResourceName = "t" } } };
        var refused = ForwardedAnswer.Without(ErrorCode.NotController);
        var answer = Assert.IsType<AlterConfigsResponse>(ForwardedApi.ToResponse(refused, request, Context(ApiKey.AlterConfigs, isForwarded: false)));
        Assert.Equal(ErrorCode.NotController, Assert.Single(answer.Responses).ErrorCode);
        _ = Assert.Throws<NotControllerException>(() => ForwardedApi.ToResponse(refused, request, Context(ApiKey.AlterConfigs, isForwarded: true)));
    }

    private static RequestContext Context(ApiKey key, bool isForwarded) =>
        new(key, 1, 1, "client", new ConnectionInfo("1", "CONTROLLER", Table, IPAddress.Loopback, CancellationToken.None)) { IsForwarded = isForwarded };

    private sealed class Nobody : IController
    {
        public Task<IResponse> Ask(ControllerRequest request) => Task.FromException<IResponse>(new NotControllerException());
    }
}
