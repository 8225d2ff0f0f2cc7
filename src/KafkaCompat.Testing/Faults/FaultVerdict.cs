using KafkaCompat.Protocol;

namespace KafkaCompat.Testing;

/// <summary>What becomes of a request besides waiting.</summary>
internal enum FaultKind
{
    /// <summary>It is handled and answered.</summary>
    None,

    /// <summary>It is not handled and answered with an error.</summary>
    Error,

    /// <summary>It is not handled, and its connection closes.</summary>
    DropRequest,

    /// <summary>It is handled, and its connection closes instead of the answer.</summary>
    DropAnswer,
}

/// <summary>What a fault, or all of them together, make of one request.</summary>
internal readonly record struct FaultVerdict(FaultKind Kind, ErrorCode Error, TimeSpan Delay);
