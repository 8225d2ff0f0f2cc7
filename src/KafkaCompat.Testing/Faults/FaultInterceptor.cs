using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Carries a <see cref="FaultPlan"/> out in one life of a broker.</summary>
internal sealed class FaultInterceptor : IRequestInterceptor, IDisposable
{
    private readonly FaultPlan _plan;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _end = new();

    // Kept beside its source, which a request that is struck after the end cannot ask any more.
    private readonly CancellationToken _ended;
    private BrokerMetadata? _metadata;

    public FaultInterceptor(FaultPlan plan, TimeProvider clock)
    {
        (_plan, _clock) = (plan, clock);
        _ended = _end.Token;
    }

    public void Attach(BrokerMetadata metadata) => _metadata = metadata;

    public ValueTask<IResponse?> Handle(IRequest request, RequestContext context, Func<ValueTask<IResponse?>> handle) =>
        _plan.Judge(new FaultedRequest(context.Key, context.ApiVersion, context.ClientId, request)) is { } verdict
            ? Answer(verdict, request, context, handle)
            : handle();

    /// <summary>Lets delayed answers go: a broker that stops keeps nobody waiting on a clock that may stand still.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private async ValueTask<IResponse?> Answer(FaultVerdict verdict, IRequest request, RequestContext context, Func<ValueTask<IResponse?>> handle)
    {
        // Up to the first await in the order of the requests, as every handler.
        var handled = verdict.Kind is FaultKind.None or FaultKind.DropAnswer ? handle() : default;
        if (verdict.Delay > TimeSpan.Zero)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended, context.Aborted);
            await Task.Delay(verdict.Delay, _clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var answer = await handled;
        switch (verdict.Kind)
        {
            case FaultKind.None:
                return answer;
            case FaultKind.Error when request is not ProduceRequest { Acks: 0 }:
                return ErrorAnswers.For(request, context.ApiVersion, verdict.Error, _metadata, context.ListenerName);
            default:
                context.CloseConnection();
                return null;
        }
    }
}
