using KafkaCompat.Protocol;

namespace KafkaCompat.Testing;

/// <summary>The broker refused what a method of <see cref="KafkaCompatBroker"/> asked.</summary>
public sealed class KafkaCompatException : Exception
{
    /// <summary>Creates one from an answer's error.</summary>
    public KafkaCompatException(ErrorCode error, string message)
        : base(message) => Error = error;

    /// <summary>Creates one with a text of its own.</summary>
    public KafkaCompatException(string message)
        : this(ErrorCode.UnknownServerError, message)
    {
    }

    /// <summary>Creates one that wraps another.</summary>
    public KafkaCompatException(string message, Exception innerException)
        : base(message, innerException) => Error = ErrorCode.UnknownServerError;

    /// <summary>Creates one without a text.</summary>
    public KafkaCompatException()
        : this("The broker refused.")
    {
    }

    /// <summary>Kafka's code, and behind it what the broker said of it, where it did.</summary>
    internal static string Reason(ErrorCode error, string? message) => string.IsNullOrEmpty(message) ? $"{error}" : $"{error} {message}";

    /// <summary>Kafka's code.</summary>
    public ErrorCode Error { get; }
}
