namespace KafkaCompat.Protocol.Invariants;

/// <summary>
/// An <see cref="Invariant"/> does not hold. The node that meets it ends and serves nothing more: whoever catches it has it reach the node. The text is for a
/// person who is woken by it.
/// </summary>
/// <param name="found">What is so, of which partition, file and offsets.</param>
/// <param name="expected">What was to be so.</param>
public sealed class InvariantException(string found, string expected) : Exception(
    $"{found}. That must never be (it must hold that {expected}): the node ends so that its records stay as they are. This is a fault of the program, not of "
        + "a client or a disk. Keep a copy of its log directories, report this with the node's log, and start the node again: it checks its files then.")
{
    /// <summary>What is so instead of what was expected.</summary>
    public string Found { get; } = found;

    /// <summary>The one that a failure is or comes of; null where it comes of none.</summary>
    public static InvariantException? In(Exception? failure)
    {
        for (var each = failure; each is not null; each = each.InnerException)
        {
            switch (each)
            {
                case InvariantException broken:
                    return broken;
                case AggregateException several when several.InnerExceptions.Select(In).FirstOrDefault(static inner => inner is not null) is { } inner:
                    return inner;
            }
        }

        return null;
    }
}
