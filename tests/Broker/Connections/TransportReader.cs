using System.Buffers;
using System.IO.Pipelines;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>
/// A pipe's reader that reads as the socket's transport does. After <see cref="AdvanceTo(SequencePosition)"/> the next read shows what is left at once. That of
/// a <see cref="Pipe"/> waits for more where the bytes were looked at before, and a read was cancelled since.
/// </summary>
internal sealed class TransportReader(PipeReader reader) : PipeReader
{
    private ReadOnlySequence<byte> _shown;

    public override void AdvanceTo(SequencePosition consumed)
    {
        var isLeft = !_shown.Slice(consumed).IsEmpty;
        reader.AdvanceTo(consumed);
        if (isLeft) reader.CancelPendingRead();
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => reader.CancelPendingRead();

    public override void Complete(Exception? exception = null) => reader.Complete(exception);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Shown(await reader.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        if (!reader.TryRead(out result)) return false;
        _ = Shown(result);
        return true;
    }

    protected override async ValueTask<ReadResult> ReadAtLeastAsyncCore(int minimumSize, CancellationToken cancellationToken) =>
        Shown(await reader.ReadAtLeastAsync(minimumSize, cancellationToken));

    private ReadResult Shown(in ReadResult result)
    {
        _shown = result.Buffer;
        return result;
    }
}
