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

    /// <summary>Decodes the body and starts the handler. Throws <see cref="WireFormatException"/> for bytes that are no such request.</summary>
    internal abstract ValueTask<IResponse?> Start(ref WireReader body, RequestContext context);
}

/// <summary>A <see cref="ServedApi"/> with its message types.</summary>
public sealed class ServedApi<TRequest, TResponse>(short minVersion, short maxVersion, IHandler<TRequest, TResponse> handler)
    : ServedApi(TRequest.ApiKey, minVersion, maxVersion)
    where TRequest : class, IRequest<TRequest>
    where TResponse : class, IResponse
{
    internal override ValueTask<IResponse?> Start(ref WireReader body, RequestContext context)
    {
        var request = TRequest.Read(ref body, context.ApiVersion);
        var answer = handler.Handle(request, context);
        return answer.IsCompletedSuccessfully ? new ValueTask<IResponse?>(answer.GetAwaiter().GetResult()) : Await(answer);
    }

    private static async ValueTask<IResponse?> Await(ValueTask<TResponse?> answer) => await answer;
}
