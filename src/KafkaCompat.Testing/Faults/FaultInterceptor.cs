using KafkaCompat.Broker;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Carries a <see cref="FaultPlan"/> out in one life of a broker.</summary>
internal sealed class FaultInterceptor(FaultPlan plan, TimeProvider clock) : IRequestInterceptor, IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private BrokerMetadata? _metadata;

    public void Attach(BrokerMetadata metadata) => _metadata = metadata;

    public ValueTask<IResponse?> Handle(IRequest request, RequestContext context, Func<ValueTask<IResponse?>> handle) =>
        plan.Judge(new FaultedRequest(context.Key, context.ApiVersion, context.ClientId, request)) is { } verdict
            ? Answer(verdict, request, context, handle)
            : handle();

    /// <summary>Lets delayed answers go: a broker that stops keeps nobody waiting on a clock that may stand still.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    private async ValueTask<IResponse?> Answer(FaultVerdict verdict, IRequest request, RequestContext context, Func<ValueTask<IResponse?>> handle)
    {
        // Up to the first await in the order of the requests, as every handler.
        var handled = verdict.Kind is FaultKind.None or FaultKind.DropAnswer ? handle() : default;
        var ended = _ended.Token;
        if (verdict.Delay > TimeSpan.Zero)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, context.Aborted);
            await Task.Delay(verdict.Delay, clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
