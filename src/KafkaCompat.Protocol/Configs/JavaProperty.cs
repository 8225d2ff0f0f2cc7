namespace KafkaCompat.Protocol.Configs;

/// <summary>A pair of Java's properties.</summary>
/// <param name="Name">Its name, without escapes.</param>
/// <param name="Value">Its value, without escapes.</param>
/// <param name="Line">The line that it begins in; the first is 1.</param>
public readonly record struct JavaProperty(string Name, string Value, int Line);
