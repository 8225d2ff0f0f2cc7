using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Controller;

/// <summary>A request that waits for the controller: decided on its turn, answered when what it led to is committed.</summary>
internal sealed class ControllerCommand(ControllerRequest request)
{
    private readonly TaskCompletionSource<IResponse> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IResponse? _reply;
    private long _decidedMs;

    public Task<IResponse> Reply => _done.Task;

    /// <summary>
    /// Whether the answer is late enough only when this node's metadata has what it rests on. A heartbeat that led to nothing need not be seen by anybody.
    /// </summary>
    public bool WaitsForMetadata { get; private set; } = true;

    /// <summary>Decides, and keeps the reply.</summary>
    public Decision Decide(ControllerState state, Ticket ticket, Now now)
    {
        var decision = state.Decide(request, ticket, now);
        (_reply, _decidedMs) = (decision.Reply, now.TickMs);
        WaitsForMetadata = request.Body is not BrokerHeartbeatRequest || decision.Records.Count > 0;
        return decision;
    }

    /// <summary>What was decided is committed, and applied where that matters. What a client waited meanwhile it has been quiet for.</summary>
    public void Answer(long tickMs)
    {
        if (_reply is IThrottledResponse { ThrottleTimeMs: > 0 } throttled)
        {
            throttled.ThrottleTimeMs = (int)Math.Max(0, throttled.ThrottleTimeMs - (tickMs - _decidedMs));
        }

        _done.TrySetResult(_reply!);
    }

    /// <summary>It is not carried out, for a reason that whoever asked is to know.</summary>
    public void Refuse(ErrorCode error, string text) => _done.TrySetResult(request.Body.Refusal(request.Version, error, text));

    /// <summary>Nothing is known of what was decided, or it could not be.</summary>
    public void Fail(Exception failure) => _done.TrySetException(failure);
}
