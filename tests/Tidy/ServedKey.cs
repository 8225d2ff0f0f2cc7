namespace KafkaCompat.Tidy.Tests;

/// <summary>An API key that a handler serves: its name, its versions and the handler's file.</summary>
internal sealed record ServedKey(string Name, string Min, string Max, string File);
