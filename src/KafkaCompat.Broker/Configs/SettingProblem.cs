namespace KafkaCompat.Broker.Configs;

/// <summary>One thing that is wrong with a configuration.</summary>
/// <param name="Message">One line for the person who wrote it.</param>
/// <param name="Settings">The names of the settings that it is about; empty where it is about none in particular.</param>
public sealed record SettingProblem(string Message, IReadOnlyList<string> Settings);
