namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// This node cannot take part in its quorum: its files say what cannot be, or somebody else is in its place. The message is one line for the user.
/// </summary>
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

    /// <summary>With the settings that it is about.</summary>
    public QuorumStateException(string message, IReadOnlyList<string> settings, Exception? inner = null)
        : base(message, inner) => Settings = settings;

    /// <summary>
    /// The names of the settings that it is about, so that whoever knows where they stand can say so; empty where it is about none in particular.
    /// </summary>
    public IReadOnlyList<string> Settings { get; } = [];
}
