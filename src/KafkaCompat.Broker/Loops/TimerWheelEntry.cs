namespace KafkaCompat.Broker.Loops;

/// <summary>
/// Something that happens at a deadline. The entry is its own list node, so a wait costs no allocation besides the
/// object that waits. An entry may be scheduled again after it fired or was cancelled, never while it is scheduled.
/// </summary>
public abstract class TimerWheelEntry
{
    internal TimerWheelEntry? Previous;
    internal TimerWheelEntry? Next;
    internal long DeadlineTick;

    internal const int Idle = -1;
    internal const int Firing = -2;

    /// <summary>The slot that holds the entry, or <see cref="Idle"/>, or <see cref="Firing"/> from the moment it was taken out until its call.</summary>
    internal int Slot = Idle;

    /// <summary>Called once, on the wheel's thread and outside its lock. Must not block.</summary>
    protected internal abstract void OnDeadline();
}
