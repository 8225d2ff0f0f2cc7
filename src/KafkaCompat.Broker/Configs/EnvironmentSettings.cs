using System.Text;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings out of environment variables, named as Kafka's container image names them: <c>KAFKA_LOG_DIRS</c> is <c>log.dirs</c>. A single
/// underscore is a dot, two are an underscore, three a hyphen.
/// </summary>
public static class EnvironmentSettings
{
    private const string Prefix = "KAFKA_";

    /// <summary>Kafka's container image formats with it.</summary>
    private const string ClusterIdVariable = "CLUSTER_ID";

    /// <summary>Read by the program itself, before there are settings.</summary>
    private const string LogLevelVariable = "KAFKA_LOG_LEVEL";

    /// <summary>
    /// The settings among <paramref name="variables"/>. An environment is shared with scripts and orchestrators that have KAFKA_
    /// variables of their own (KAFKA_HEAP_OPTS, KAFKA_SERVICE_HOST), so a variable that names no setting is left alone.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> From(IEnumerable<KeyValuePair<string, string>> variables)
    {
        foreach (var (variable, value) in variables.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (variable == ClusterIdVariable)
            {
                yield return new(OwnSettings.ClusterId.Name, value);
            }
            else if (variable.StartsWith(Prefix, StringComparison.Ordinal) && SettingName(variable[Prefix.Length..]) is var name && KnownSettings.Contains(name))
            {
                yield return new(name, value);
            }
        }
    }

    /// <summary>Variables that name no setting but nearly do, each with what it probably means.</summary>
    public static IEnumerable<(string Variable, string Nearest)> Misspelt(IEnumerable<string> variables)
    {
        foreach (var variable in variables.Order(StringComparer.Ordinal))
        {
            if (variable.StartsWith(Prefix, StringComparison.Ordinal) && variable != LogLevelVariable && SettingName(variable[Prefix.Length..]) is var name
                && !KnownSettings.Contains(name) && KnownSettings.Nearest(name) is { } nearest)
            {
                yield return (variable, nearest);
            }
        }
    }

    private static string SettingName(string variable)
    {
        var name = new StringBuilder(variable.Length);
        for (var i = 0; i < variable.Length; i++)
        {
            if (variable[i] != '_')
            {
                name.Append(char.ToLowerInvariant(variable[i]));
                continue;
            }

            var run = 1;
            while (run < 3 && i + run < variable.Length && variable[i + run] == '_')
            {
                run++;
            }

            name.Append(run switch { 1 => '.', 2 => '_', _ => '-' });
            i += run - 1;
        }

        return name.ToString();
    }
}
