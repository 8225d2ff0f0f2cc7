namespace KafkaCompat.Protocol.Configs;

/// <summary>A line of Java's properties has an escape <c>\u</c> without four hexadecimal digits.</summary>
public sealed class MalformedPropertyException(string part, int line) : FormatException("malformed \\uxxxx encoding")
{
    /// <summary>The name or the value that has it, as it is written.</summary>
    public string Part => part;

    /// <summary>The line that the pair begins in; the first is 1.</summary>
    public int Line => line;
}
