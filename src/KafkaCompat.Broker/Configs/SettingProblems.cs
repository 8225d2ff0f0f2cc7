namespace KafkaCompat.Broker.Configs;

/// <summary>
/// What is wrong with a configuration, gathered so that whoever wrote it hears of everything at once. A setting whose value is none is not held against the
/// others: what would be said of it is not its fault.
/// </summary>
internal sealed class SettingProblems
{
    private readonly List<SettingProblem> _all = [];
    private readonly HashSet<string> _wrong = new(StringComparer.Ordinal);

    public IReadOnlyList<SettingProblem> All => _all;

    /// <summary>Whether the value of a setting can be relied on.</summary>
    public bool IsSound(string setting) => !_wrong.Contains(setting);

    /// <summary>The values of settings are none.</summary>
    public void Add(string message, params string[] settings)
    {
        _wrong.UnionWith(settings);
        _all.Add(new SettingProblem(message, settings));
    }

    /// <summary>Settings that are sound by themselves have to fit each other.</summary>
    public bool Require(bool holds, string message, params string[] settings)
    {
        if (holds || !Array.TrueForAll(settings, IsSound)) return holds;
        _all.Add(new SettingProblem(message, settings));
        return false;
    }

    /// <exception cref="ConfigurationException">Something is wrong.</exception>
    public void ThrowIfAny()
    {
        if (_all.Count > 0) throw new ConfigurationException(_all);
    }
}
