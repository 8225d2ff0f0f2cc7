namespace KafkaCompat.Broker.Controller;

/// <summary>This node is not, or no longer, the active controller. Nothing is known about what was asked of it.</summary>
public sealed class NotControllerException : Exception
{
    public NotControllerException()
        : base("This node is not the active controller.")
    {
    }

    public NotControllerException(string message)
        : base(message)
    {
    }

    public NotControllerException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
