using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// Decides the requests of one API key. It is pure and has no state: one object decides for every controller there is, over what the turn gives it. A class
/// with <see cref="ServesAttribute"/> is found by the generator, and nothing else has to know of it. Where a handler stands on the listeners before it, which
/// asks for what is left to decide, it is called the key's decider.
/// </summary>
internal interface IControllerHandler<TRequest, TResponse>
    where TRequest : class, IRequest<TRequest>, IRequestFor<TResponse>
    where TResponse : class, IResponse
{
    /// <summary>What the request leads to. The reply is given once the records are committed.</summary>
    Decision<TResponse> Decide(TRequest request, ControllerTurn turn);

    /// <summary>
    /// For how long after it came the request is worth deciding; null where that has no end. Past it, it is refused whole as REQUEST_TIMED_OUT.
    /// </summary>
    int? TimeoutMs(TRequest request) => null;
}
