using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Connections;

/// <summary>An answer is larger than any may be, and is not sent.</summary>
internal sealed class AnswerTooLargeException(ApiKey key, int bytes) : Exception($"The answer to {key} would have {bytes} bytes.")
{
    public ApiKey Key { get; } = key;

    public int Bytes { get; } = bytes;
}
