using System.Text;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings out of environment variables, named as Kafka's container image names them: <c>KAFKA_LOG_DIRS</c> is <c>log.dirs</c>. A single
/// underscore is a dot, two are an underscore, three a hyphen.
/// </summary>
public static class EnvironmentSettings
{
    private const string Prefix = "KAFKA_";

    /// <summary>
    /// The settings among <paramref name="variables"/>. An environment is shared with scripts and orchestrators that have KAFKA_
    /// variables of their own (KAFKA_HEAP_OPTS, KAFKA_SERVICE_HOST), so a variable that names no setting is left alone.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> From(IEnumerable<KeyValuePair<string, string>> variables)
    {
        foreach (var (variable, value) in variables.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (variable.StartsWith(Prefix, StringComparison.Ordinal) && SettingName(variable[Prefix.Length..]) is var name && KnownSettings.Contains(name))
            {
                yield return new(name, value);
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
