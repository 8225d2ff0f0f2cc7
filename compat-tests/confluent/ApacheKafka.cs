using System.Diagnostics;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Compat.Confluent;

/// <summary>Apache Kafka from KAFKA_HOME, else from the reference data.</summary>
public sealed class ApacheKafka : BrokerProcess
{
    private static readonly string Home = Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } named ? named : KafkaReference.Folder;

    /// <summary>Why Apache Kafka cannot run here; null where it can.</summary>
    public static string? Missing
    {
        get
        {
            if (!Directory.Exists(Path.Combine(Home, "bin")))
            {
                return $"no Apache Kafka in {Home}; KAFKA_HOME names another folder";
            }

            var java = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "java")));
            return java ? null : "no java on the PATH";
        }
    }

    protected override ProcessStartInfo Command()
    {
        if (!Directory.Exists(Path.Combine(Folder, "data")))
        {
            Format();
        }

        return Tool("kafka-server-start", PropertiesFile);
    }

    private void Format()
    {
        // Any 16 bytes are a cluster id.
        var format = Tool("kafka-storage", "format", "--standalone", "-t", "a21hdGNoLWNvbmZsdWVudA", "-c", PropertiesFile);
        format.RedirectStandardOutput = true;
        using var process = Process.Start(format)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"kafka-storage format: {output}");
        }
    }

    // The reference's runner if it is there, else the script of an ordinary Kafka distribution.
    private static ProcessStartInfo Tool(string name, params string[] arguments)
    {
        var runner = Path.Combine(Home, "kafka");
        var start = File.Exists(runner)
            ? new ProcessStartInfo(runner, [name, .. arguments])
            : new ProcessStartInfo(Path.Combine(Home, "bin", $"{name}.sh"), arguments);
        start.Environment["KAFKA_HEAP_OPTS"] = "-Xmx512m -Xms128m -XX:TieredStopAtLevel=1";
        return start;
    }
}
