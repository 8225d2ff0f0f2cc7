using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// One API key that the controller decides: its versions, where it is served, and its handler. The generator writes the list of them, ControllerApis.
/// </summary>
public abstract class ControllerApi(ApiKey key, short minVersion, short maxVersion, ApiListeners listeners)
{
    /// <summary>The API.</summary>
    public ApiKey Key { get; } = key;

    public short MinVersion { get; } = minVersion;

    public short MaxVersion { get; } = maxVersion;

    /// <summary>Where it is served; on none where it is asked within the node alone.</summary>
    public ApiListeners Listeners { get; } = listeners;

    internal abstract int? TimeoutMs(IRequest request);

    internal abstract Decision<IResponse> Decide(IRequest request, ControllerTurn turn);
}

/// <inheritdoc/>
internal sealed class ControllerApi<TRequest, TResponse>(short minVersion, short maxVersion, ApiListeners listeners,
    IControllerHandler<TRequest, TResponse> handler)
    : ControllerApi(TRequest.ApiKey, minVersion, maxVersion, listeners)
    where TRequest : class, IRequest<TRequest>, IRequestFor<TResponse>
    where TResponse : class, IResponse
{
    internal override int? TimeoutMs(IRequest request) => handler.TimeoutMs((TRequest)request);

    internal override Decision<IResponse> Decide(IRequest request, ControllerTurn turn)
    {
        var decision = handler.Decide((TRequest)request, turn);
        return new(decision.Records, decision.Reply) { IsAtomic = decision.IsAtomic, Drafts = decision.Drafts };
    }
}
