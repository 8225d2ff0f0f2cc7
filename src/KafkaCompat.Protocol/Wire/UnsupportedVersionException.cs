namespace KafkaCompat.Protocol;

/// <summary>A message holds what the version it is to be written in cannot carry, and what its reader must not miss: a bug of whoever filled it.</summary>
public sealed class UnsupportedVersionException : Exception
{
    /// <summary>Creates one for a field.</summary>
    public UnsupportedVersionException(string messageName, string field, short version)
        : base($"{messageName} version {version} has no field {field}, which is set and may not be left out")
    {
        MessageName = messageName;
        Field = field;
        Version = version;
    }

    /// <summary>Creates one with a text of its own.</summary>
    public UnsupportedVersionException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one that wraps another.</summary>
    public UnsupportedVersionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates one without a text.</summary>
    public UnsupportedVersionException()
        : this("a field is set that the version lacks")
    {
    }

    /// <summary>The message, with the struct in it that holds the field, such as FetchResponse.PartitionData.</summary>
    public string MessageName { get; } = "";

    /// <summary>The field, as protocol-specs names it.</summary>
    public string Field { get; } = "";

    /// <summary>The version that lacks it.</summary>
    public short Version { get; }
}
