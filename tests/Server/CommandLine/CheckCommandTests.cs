using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.CommandLine;

/// <summary><c>kafkacompat check</c> over configurations as people have them: what a start would say, and whether it would be refused.</summary>
public sealed class CheckCommandTests
{
    [Fact]
    public void Kafkas_own_file_is_taken_as_it_is()
    {
        var (code, said) = Check(File("kafka.properties"));
        Assert.Equal(0, code);
        Assert.DoesNotContain("Problems:", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Without effect:", said, StringComparison.Ordinal);
        Assert.Contains("log.dirs=/tmp/kraft-combined-logs (default: none) ", said, StringComparison.Ordinal);
        Assert.EndsWith("A start would take this configuration.\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_Strimzis_hears_of_everything_at_once()
    {
        var file = File("strimzi.properties");
        var (code, said) = Check(file);
        Assert.Equal(1, code);
        var problems = Section(said, "Problems");
        // TLS on three listeners, an authorizer, a principal builder and config providers; each with its line.
        foreach (var (setting, line) in ((string, int)[])[("listeners", 12), ("authorizer.class.name", 18), ("principal.builder.class", 20), ("config.providers", 21)])
            Assert.Contains(problems, problem => problem.EndsWith($"({file}:{line})", StringComparison.Ordinal) && problem.Contains(setting == "listeners" ? "which is not served yet" : setting, StringComparison.Ordinal));
        Assert.Equal(6, problems.Count);
        var ignored = string.Join('\n', Section(said, "Without effect"));
        foreach (var setting in (string[])["super.users", "listener.name.controlplane-9090.ssl.client.auth", "config.providers.strimzienv.class", "cruise.control.metrics.topic", "metric.reporters"])
            Assert.Contains(setting, ignored, StringComparison.Ordinal);
        Assert.DoesNotContain("CERTS_STORE_PASSWORD", said, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_of_Confluents_image_is_taken()
    {
        var (config, notes) = FromEnvironment("confluent.env");
        Assert.Equal("MkU3OEVBNTcwNTJENDM2Qk", config.ClusterId);
        Assert.Equal(["PLAINTEXT://broker:29092", "PLAINTEXT_HOST://localhost:9092"], config.Listeners.AdvertisedOfBroker.Select(static listener => listener.ToString()));
        Assert.Equal(["KAFKA_JMX_HOSTNAME", "KAFKA_JMX_PORT"], notes.Select(static note => note.Split(' ')[0]));
        Assert.Contains("confluent.license.topic.replication.factor", UnservedSettings.WithoutEffect(config).SelectMany(static group => group));
    }

    [Fact]
    public void The_environment_of_Bitnamis_image_is_taken()
    {
        var (config, notes) = FromEnvironment("bitnami.env");
        Assert.Equal((0, "MkU3OEVBNTcwNTJENDM2Qk", "/bitnami/kafka/data"), (config.NodeId, config.ClusterId, config.LogDirs[0]));
        Assert.Equal(["KAFKA_CLIENT_PASSWORDS", "KAFKA_CLIENT_USERS", "KAFKA_ENABLE_KRAFT"], notes.Select(static note => note.Split(' ')[0]));
        Assert.DoesNotContain(notes, static note => note.Contains("secret-word", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("the file does not exist", "none.properties")]
    [InlineData("is a folder", "..")]
    public void What_is_no_file_is_a_problem(string expected, string path)
    {
        var (code, said) = Check(Path.Combine(Folder, path));
        Assert.Equal(1, code);
        Assert.Contains(expected, Assert.Single(Section(said, "Problems")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is a binary file", new byte[] { 0x7f, 0x45, 0x4c, 0x46, 0 })]
    [InlineData("has no setting of Kafka's in 4 lines", new byte[] { 0x61, 10, 0x62, 10, 0x63, 10, 0x64 })]
    public void What_is_none_of_Kafkas_files_is_one_problem(string expected, byte[] content)
    {
        var path = Path.GetTempFileName();
        try
        {
            System.IO.File.WriteAllBytes(path, content);
            var (code, said) = Check(path);
            Assert.Equal(1, code);
            Assert.Contains(expected, Assert.Single(Section(said, "Problems")), StringComparison.Ordinal);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    [Fact]
    public void A_data_directory_given_by_its_older_name_is_used()
    {
        var config = ProgramSettings.Load(ProgramArguments.Parse(["--override", "log.dir=/elsewhere"]));
        Assert.Equal(["/elsewhere"], config.LogDirs);
    }

    [Fact]
    public void Several_bootstrap_servers_begin_no_cluster()
    {
        var empty = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        var (code, said) = Check("--override", "controller.quorum.bootstrap.servers=a:9093,b:9093,c:9093", "--override", $"log.dirs={empty}");
        Assert.Equal(1, code);
        Assert.Contains("names 3 controllers", Assert.Single(Section(said, "Problems")), StringComparison.Ordinal);
        Assert.False(Directory.Exists(empty));
    }

    private static string Folder => Path.Combine(KafkaReference.RepositoryRoot, "tests", "Server", "CommandLine", "Configurations");

    private static string File(string name) => Path.Combine(Folder, name);

    private static (int Code, string Said) Check(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (CheckCommand.Check(ProgramArguments.Parse(arguments), output), output.ToString());
    }

    private static List<string> Section(string said, string title) =>
        [.. said.Split('\n').SkipWhile(line => line != title + ":").Skip(1).TakeWhile(static line => line.StartsWith("  ", StringComparison.Ordinal)).Select(static line => line.Trim())];

    private static (ServerConfig Config, List<string> Notes) FromEnvironment(string file)
    {
        var variables = ConfigProperties.Parse(System.IO.File.ReadAllText(File(file)));
        var arguments = ProgramArguments.OfNode(null, [.. EnvironmentSettings.From(variables)]);
        return (ProgramSettings.Load(arguments), [.. EnvironmentSettings.WithoutEffect(variables)]);
    }
}
