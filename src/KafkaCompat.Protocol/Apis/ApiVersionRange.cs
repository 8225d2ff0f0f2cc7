namespace KafkaCompat.Protocol;

/// <summary>Versions of an API from the lowest to the highest, both included.</summary>
public readonly record struct ApiVersionRange(short Min, short Max)
{
    /// <summary>No version.</summary>
    public static ApiVersionRange None { get; } = new(0, -1);

    /// <summary>Whether there is no version.</summary>
    public bool IsEmpty => Max < Min;

    /// <summary>Whether a version is in the range.</summary>
    public bool Contains(short version) => version >= Min && version <= Max;

    /// <inheritdoc/>
    public override string ToString() => IsEmpty ? "none" : Min == Max ? $"{Min}" : $"{Min}-{Max}";
}
