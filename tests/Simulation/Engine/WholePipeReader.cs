using System.IO.Pipelines;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// A pipe's reader that counts as a transport does. <see cref="PipeReader.ReadAtLeastAsync"/> of a <see cref="Pipe"/> counts only bytes that were not
/// looked at before: whoever has looked at half of a frame, and asks for all of it, waits for as much again.
/// </summary>
internal sealed class WholePipeReader(PipeReader reader) : PipeReader
{
    public override void AdvanceTo(SequencePosition consumed) => reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => reader.CancelPendingRead();

    public override void Complete(Exception? exception = null) => reader.Complete(exception);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => reader.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => reader.TryRead(out result);
}
