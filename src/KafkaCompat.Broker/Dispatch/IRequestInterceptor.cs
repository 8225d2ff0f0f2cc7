using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// Stands between connections and handlers, for a test that wants requests to fail. It is held to what handlers are: what needs the order of requests, or
/// their bytes, happens before the first await.
/// </summary>
public interface IRequestInterceptor
{
    /// <summary>Told once, before the first request: what the node knows of its cluster.</summary>
    void Attach(BrokerMetadata metadata);

    /// <summary>
    /// The answer to a request: that of its handler, which <paramref name="handle"/> runs, or one in its place. Null, with
    /// <see cref="RequestContext.CloseConnection"/>, closes the connection without one.
    /// </summary>
    ValueTask<IResponse?> Handle(IRequest request, RequestContext context, Func<ValueTask<IResponse?>> handle);
}
