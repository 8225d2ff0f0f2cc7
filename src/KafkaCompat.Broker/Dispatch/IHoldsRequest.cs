using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>A handler of requests that hold another request in their bytes. What reading that one costs counts for the bounds of the whole.</summary>
internal interface IHoldsRequest<TRequest>
    where TRequest : class, IRequest
{
    /// <summary>
    /// The cost of the request that is held, at most so much: throws <see cref="WireFormatException"/> where it is more. 0 where the bytes are none.
    /// </summary>
    long CostWithin(TRequest request, long maxCost);
}
