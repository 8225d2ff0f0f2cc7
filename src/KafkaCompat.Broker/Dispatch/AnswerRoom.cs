namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// What is left of the largest answer while a handler puts one together whose parts can be much larger than what names them in the request. A part that finds
/// no room is refused in its place: INVALID_REQUEST, and <see cref="Refusal"/> where there is room for words.
/// </summary>
public sealed class AnswerRoom
{
    /// <summary>Bytes of an answer, records not counted: what librdkafka takes at most (<c>receive.message.max.bytes</c>). A larger one is not sent.</summary>
    public const int MaxBytes = 100_000_000;

    /// <summary>Bytes of the parts that are not refused. The rest is for the refusals of the others.</summary>
    public const int MaxPartBytes = 90_000_000;

    /// <summary>Why a part is missing.</summary>
    public const string Refusal = "The answer has no room for it (90 MB). Ask for fewer in one request.";

    private long _leftBytes = MaxPartBytes;

    /// <summary>Whether nothing more fits.</summary>
    public bool IsFull => _leftBytes <= 0;

    /// <summary>Takes the room of one more part; false where there is too little, and from then on.</summary>
    public bool Fits(int bytes)
    {
        if (IsFull) return false;
        _leftBytes -= bytes;
        return _leftBytes >= 0;
    }
}
