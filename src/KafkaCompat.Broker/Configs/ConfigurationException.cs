namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings are unknown, malformed or contradict each other. The message is one line for the person who wrote them, also where <see cref="Problems"/> are
/// several.
/// </summary>
public sealed class ConfigurationException : Exception
{
    public ConfigurationException(string message) : this([new SettingProblem(message, [])])
    {
    }

    public ConfigurationException(IReadOnlyList<SettingProblem> problems) : base(string.Join(" ", problems.Select(static problem => problem.Message))) =>
        Problems = problems;

    /// <summary>All that is wrong, in the order in which it was found.</summary>
    public IReadOnlyList<SettingProblem> Problems { get; }
}
