using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>One API key in the dispatch table: its versions, and the way from body bytes to an answer.</summary>
public abstract class ServedApi(ApiKey key, short minVersion, short maxVersion)
{
    public ApiKey Key { get; } = key;

    /// <summary>The protocol's facts of the key.</summary>
    public ApiInfo Info { get; } = ApiCatalog.Get(key);

    public short MinVersion { get; } = minVersion;

    public short MaxVersion { get; } = maxVersion;

    /// <summary>Comes before the handler where somebody asked for it; null in the program.</summary>
    internal IRequestInterceptor? Interceptor { get; set; }

    /// <summary>Decodes the body. Throws <see cref="WireFormatException"/> for bytes that are no such request.</summary>
    internal abstract IRequest Read(ref WireReader body, short version);

    /// <summary>Starts the handler with what <see cref="Read"/> has read, for a connection.</summary>
    internal ValueTask<IResponse?> Start(IRequest request, RequestContext context)
    {
        context.Log?.Asked(request, context);
        return Interceptor is null ? Handle(request, context) : Intercept(Interceptor, request, context);
    }

    /// <summary>Runs the handler, with nothing before it.</summary>
    internal abstract ValueTask<IResponse?> Handle(IRequest request, RequestContext context);

    // By itself, so that only an intercepted request pays for what this captures.
    private ValueTask<IResponse?> Intercept(IRequestInterceptor interceptor, IRequest request, RequestContext context) =>
        interceptor.Handle(request, context, () => Handle(request, context));
}

/// <summary>A <see cref="ServedApi"/> with a handler.</summary>
public sealed class ServedApi<TRequest, TResponse>(short minVersion, short maxVersion, IHandler<TRequest, TResponse> handler)
    : ServedApi(TRequest.ApiKey, minVersion, maxVersion)
    where TRequest : class, IRequest<TRequest>
    where TResponse : class, IResponse
{
    private readonly IHoldsRequest<TRequest>? _holder = handler as IHoldsRequest<TRequest>;

    internal override IRequest Read(ref WireReader body, short version)
    {
        var request = TRequest.Read(ref body, version);
        if (_holder is not null) body.Charge(_holder.CostWithin(request, body.RemainingCost));
        return request;
    }

    internal override ValueTask<IResponse?> Handle(IRequest request, RequestContext context)
    {
        var answer = handler.Handle((TRequest)request, context);
        return answer.IsCompletedSuccessfully ? new ValueTask<IResponse?>(answer.GetAwaiter().GetResult()) : Await(answer);
    }

    private static async ValueTask<IResponse?> Await(ValueTask<TResponse?> answer) => await answer;
}
