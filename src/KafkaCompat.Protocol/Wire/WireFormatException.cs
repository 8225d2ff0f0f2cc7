namespace KafkaCompat.Protocol;

/// <summary>Why bytes could not be read as a message.</summary>
public enum WireFormatReason
{
    /// <summary>The bytes end before the message does.</summary>
    Truncated,

    /// <summary>A field that may not be null is.</summary>
    UnexpectedNull,

    /// <summary>An array has more than a million elements, or more than the bytes left can hold.</summary>
    ArrayTooLong,

    /// <summary>A string has more than 32,767 bytes.</summary>
    StringTooLong,

    /// <summary>A variable-length number does not end after five bytes (ten for 64 bits).</summary>
    VarintTooLong,

    /// <summary>A struct has more than 10,000 tagged fields.</summary>
    TooManyTags,

    /// <summary>A tagged field is known, but not in this version.</summary>
    TagOutOfPlace,

    /// <summary>The message has no such version, or the registry no such message.</summary>
    UnsupportedVersion,

    /// <summary>Decoding would allocate more than the input justifies.</summary>
    TooCostly,

    /// <summary>Decoding would allocate more than is set aside for the message; with more it may be read.</summary>
    TooCostlyNow,

    /// <summary>A value that the format fixes is different.</summary>
    Invalid,
}

/// <summary>Bytes are not the message they should be.</summary>
public sealed class WireFormatException : Exception
{
    /// <summary>Creates one for a reason.</summary>
    public WireFormatException(WireFormatReason reason, string message)
        : base(message) => Reason = reason;

    /// <summary>Creates one without a particular reason.</summary>
    public WireFormatException(string message)
        : this(WireFormatReason.Invalid, message)
    {
    }

    /// <summary>Creates one that wraps another.</summary>
    public WireFormatException(string message, Exception innerException)
        : base(message, innerException) => Reason = WireFormatReason.Invalid;

    /// <summary>Creates one without a text.</summary>
    public WireFormatException()
        : this(WireFormatReason.Invalid, "malformed bytes")
    {
    }

    /// <summary>Why.</summary>
    public WireFormatReason Reason { get; }
}
