namespace KafkaCompat.Broker.Configs;

/// <summary>A setting as it was given.</summary>
/// <param name="Name">Its name in server.properties.</param>
/// <param name="Value">Its text.</param>
/// <param name="Origin">Where it stands, for people: a file with its line, a variable of the environment, or the command line. Null where the program itself
/// gave it.</param>
public sealed record ConfigEntry(string Name, string Value, string? Origin);
