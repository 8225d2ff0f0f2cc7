using System.Globalization;

namespace KafkaCompat.Broker.Configs;

/// <summary>One of our own settings: a count of bytes.</summary>
/// <param name="Name">Starts with <c>kafkacompat.</c>, so that it never meets a setting of Kafka.</param>
/// <param name="Default">In bytes.</param>
/// <param name="Documentation">What it does, for people.</param>
public sealed record OwnSetting(string Name, long Default, string Documentation);

/// <summary>The settings that Apache Kafka does not have. They are read from the same places as Kafka's.</summary>
public static class OwnSettings
{
    /// <summary>How much of what was appended last stays in memory before its pages are given back; 0 leaves all of it to the system.</summary>
    public static OwnSetting WriteBehindBytes { get; } = new(
        "kafkacompat.log.write.behind.bytes",
        0,
        "Appended bytes go to the disk at once, and pages further behind than this are given back to the system, which makes appending several times cheaper "
        + "on virtual machines whose free memory is not backed. Readers further behind read from the disk. 0: off.");

    public static IReadOnlyList<OwnSetting> All { get; } = [WriteBehindBytes];

    /// <summary>The setting of that name, or null.</summary>
    public static OwnSetting? Find(string name) => All.FirstOrDefault(setting => setting.Name == name);

    /// <summary>Its value, or its default where <paramref name="text"/> is null.</summary>
    /// <exception cref="ConfigurationException">The text is no whole number from 0 on.</exception>
    public static long Parse(OwnSetting setting, string? text)
    {
        if (text is null)
        {
            return setting.Default;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? bytes
            : throw new ConfigurationException($"Invalid value {text} for configuration {setting.Name}: Not a number of bytes from 0 on");
    }
}
