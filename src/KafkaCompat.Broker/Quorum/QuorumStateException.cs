namespace KafkaCompat.Broker.Quorum;

/// <summary>This node cannot take part in its quorum: its files say what cannot be, or somebody else is in its place. The message is one line for the user.</summary>
public sealed class QuorumStateException : Exception
{
    public QuorumStateException()
    {
    }

    public QuorumStateException(string message)
        : base(message)
    {
    }

    public QuorumStateException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
