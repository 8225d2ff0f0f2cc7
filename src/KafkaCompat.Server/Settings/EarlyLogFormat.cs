using System.Collections;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logging;

namespace KafkaCompat.Server.Settings;

/// <summary>
/// The form of the lines that a start prints which never came to have a configuration. It looks for kafkacompat.log.format alone, where settings may stand, and
/// takes every mistake elsewhere for none.
/// </summary>
internal static class EarlyLogFormat
{
    private const string Override = "--override=";

    public static LogFormat Of(IReadOnlyList<string> arguments)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(static entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? ""));
        return Of(
        [
            .. arguments.Where(File.Exists).SelectMany(Settings),
            .. EnvironmentSettings.From(variables),
            .. arguments.Select(static argument => argument.StartsWith(Override, StringComparison.Ordinal) ? argument[Override.Length..] : argument)
                .Select(static text => text.Split('=', 2)).Where(static parts => parts.Length == 2)
                    .Select(static parts => KeyValuePair.Create(parts[0].Trim(), parts[1].Trim())),
        ]);
    }

    /// <summary>
    /// Of settings in the order in which the last one counts. A word that is not a format is reported as a problem in the form that the word before it asks
    /// for: what reads the lines of a node that was to write JSON reads JSON.
    /// </summary>
    public static LogFormat Of(IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        var formats = settings.Where(static pair => pair.Key == OwnSettings.LogFormat.Name).Select(static pair => OwnSettings.LogFormat.TryParse(pair.Value));
        return formats.LastOrDefault(static format => format.Problems is null, (OwnSettings.LogFormat.Default, null)).Value;
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Settings(string file)
    {
        try
        {
            return ConfigProperties.Parse(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ConfigurationException)
        {
            return [];
        }
    }
}
