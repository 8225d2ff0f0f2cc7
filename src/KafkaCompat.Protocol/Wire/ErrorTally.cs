namespace KafkaCompat.Protocol;

/// <summary>
/// Counts error codes into a table that many threads share, a place for each code from <see cref="ErrorCode.UnknownServerError"/> on. What went well is the
/// usual case, so it is counted aside, without touching the table; <see cref="None"/> has it.
/// </summary>
public ref struct ErrorTally(Span<long> counts)
{
    private readonly Span<long> _counts = counts;

    /// <summary>Codes that say that all went well.</summary>
    public int None { get; private set; }

    /// <summary>Counts a code; one that has no place in the table counts as the error that nobody knows.</summary>
    public void Add(ErrorCode code)
    {
        if (code == ErrorCode.None)
        {
            None++;
            return;
        }

        var place = (short)code - (short)ErrorCode.UnknownServerError;
        Interlocked.Increment(ref _counts[(uint)place < (uint)_counts.Length ? place : 0]);
    }
}
