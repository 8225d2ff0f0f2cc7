using System.Reflection;

namespace KafkaCompat.Server.Settings;

/// <summary>What <c>--version</c> prints: our version and the Kafka that it speaks.</summary>
internal static class ProgramVersion
{
    public static string Text { get; } = $"kafkacompat {Number} (Apache Kafka 4.4)";

    /// <summary>Our own version.</summary>
    public static string Number =>
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
