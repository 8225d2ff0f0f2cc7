using KafkaCompat.Broker.Loops;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// The turn of one large request in <see cref="DecodeMemory"/>. Its deadline is that of the wait for it; all else is guarded by the memory's lock.
/// </summary>
internal sealed class DecodeTurn : TimerWheelEntry
{
    private readonly DecodeMemory _memory;

    public DecodeTurn(DecodeMemory memory, long bytes)
    {
        (_memory, Bytes) = (memory, bytes);
        Place = new LinkedListNode<DecodeTurn>(this);
    }

    /// <summary>What it sets aside, and after decoding what the request has cost.</summary>
    public long Bytes { get; set; }

    /// <summary>Where it stands: among those who wait, among those who hold, or nowhere.</summary>
    public LinkedListNode<DecodeTurn> Place { get; }

    /// <summary>True when its turn has come, false when it has been given back before.</summary>
    public TaskCompletionSource<bool> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends what the request waits for; null while it waits for nothing that can be ended.</summary>
    public Action? EndWaiting { get; set; }

    public void Keep(long bytes) => _memory.Keep(this, bytes);

    public void EndWait() => _memory.EndWait(this);

    public void GiveBack() => _memory.GiveBack(this);

    public void EndWhenWanted(Action end) => _memory.EndWhenWanted(this, end);

    protected internal override void OnDeadline() => EndWait();
}
