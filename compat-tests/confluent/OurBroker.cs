using System.Diagnostics;
using System.Reflection;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Compat.Confluent;

/// <summary>The program of this repository, as this build built it; or the one that <c>KAFKACOMPAT</c> names, for example the native one.</summary>
public sealed class OurBroker : BrokerProcess
{
    protected override ProcessStartInfo Command()
    {
        if (Environment.GetEnvironmentVariable("KAFKACOMPAT") is { Length: > 0 } program)
        {
            return new ProcessStartInfo(program, [PropertiesFile]);
        }

        var configuration = typeof(OurBroker).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "BuildConfiguration").Value!;
        return new ProcessStartInfo("dotnet",
            [Path.Combine(KafkaReference.RepositoryRoot, "src", "KafkaCompat.Server", "bin", configuration, "net10.0", "kafkacompat.dll"), PropertiesFile]);
    }
}
