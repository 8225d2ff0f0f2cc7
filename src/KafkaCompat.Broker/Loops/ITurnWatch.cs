namespace KafkaCompat.Broker.Loops;

/// <summary>Looks on while mailboxes take turns, on whatever thread: a measurement of how long one keeps its owner.</summary>
public interface ITurnWatch
{
    /// <summary>Takes a turn, which is a method of the mailbox's owner.</summary>
    void Take(Action turn);
}
