using System.Diagnostics;
using System.Reflection;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Compat.Confluent;

/// <summary>The program of this repository, as this build built it.</summary>
public sealed class OurBroker : BrokerProcess
{
    protected override ProcessStartInfo Command()
    {
        var configuration = typeof(OurBroker).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "BuildConfiguration").Value!;
        return new ProcessStartInfo("dotnet", [Path.Combine(KafkaReference.RepositoryRoot, "src", "KafkaCompat.Server", "bin", configuration, "net10.0", "kafkacompat.dll"), PropertiesFile]);
    }
}
