using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logs;

namespace KafkaCompat.Server.CommandLine;

/// <summary>
/// The form of the lines that a start prints which never came to have a configuration. It looks for kafkacompat.log.format alone, where settings may stand, and takes every
/// mistake elsewhere for none.
/// </summary>
internal static class EarlyLogFormat
{
    public static LogFormat Of(IReadOnlyList<string> arguments)
    {
        var name = OwnSettings.LogFormat.Name;
        var text = arguments.Select(argument => argument.Replace("--override=", "", StringComparison.Ordinal)).LastOrDefault(argument => argument.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..]
            ?? Environment.GetEnvironmentVariable("KAFKA_" + name.Replace('.', '_').ToUpperInvariant())
            ?? arguments.Where(File.Exists).SelectMany(Settings).LastOrDefault(pair => pair.Key == name).Value;
        return text is not null && OwnSettings.LogFormat.TryParse(text) is (var format, null) ? format : LogFormat.Text;
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
