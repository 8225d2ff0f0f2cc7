using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// Answers the requests of one API key. Requests of a connection are handled one after another: the next is started when this one is answered, but for a
/// Produce behind one that only waits for its acknowledgement (<see cref="RequestContext.LetProducesFollow"/>). Whatever needs the bytes of the request (its
/// record batches) happens before the first await: after it the frame's memory is reused. Work that would hold up the other connections of the thread is done
/// elsewhere, and the connection waits for it:
/// <see cref="RequestContext.KeepBytesUntil"/>.
/// </summary>
public interface IHandler<TRequest, TResponse>
    where TRequest : class, IRequest
    where TResponse : class, IResponse
{
    /// <summary>The answer, or null where the protocol knows none (Produce with acks=0).</summary>
    ValueTask<TResponse?> Handle(TRequest request, RequestContext context);
}
