using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Settings;
using KafkaCompat.Server.Tests.Hosting;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.CommandLine;

/// <summary><c>kafkacompat check</c> over configurations as people have them: what a start would say, and whether it would be refused.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = System.IO.Directory.CreateTempSubdirectory("kafkacompat-check-");

    [Fact]
    public void Kafkas_own_file_is_taken_as_it_is()
    {
        var (code, said) = Check([File("kafka.properties"), .. Anywhere]);
        Assert.Equal(0, code);
        Assert.DoesNotContain("Problems:", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Without effect:", said, StringComparison.Ordinal);
        Assert.Contains("log.dirs=/tmp/kraft-combined-logs (default: none) ", said, StringComparison.Ordinal);
        Assert.EndsWith("A start would take this configuration.\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Topics_that_a_start_cannot_create_are_named()
    {
        string[] topics = ["--override", "kafkacompat.topics=huge:20000,small:2"];
        var (code, said) = Check([.. Anywhere, .. topics]);
        Assert.Equal(1, code);
        Assert.Equal(["huge: 20000 partitions are more than a request may create, 10000."], Section(said, "Topics that are not created"));
        Assert.EndsWith("and the node would not be ready: it lacks topics of kafkacompat.topics.\n", said, StringComparison.Ordinal);
        (code, said) = Check([.. Anywhere, "--override", "kafkacompat.topics=small:2", "--override", "default.replication.factor=3"]);
        Assert.Equal(1, code);
        Assert.Equal(
            ["small: default.replication.factor asks for 3 replicas of a partition, and there is one node."], Section(said, "Topics that are not created"));
    }

    /// <summary>Folders tell which topics there are; what they cannot tell, of a disk that is away, is left open.</summary>
    [Fact]
    public void Topics_that_a_start_over_formatted_directories_lacks_are_named()
    {
        string data = Path.Combine(_folder.FullName, "data"), other = Path.Combine(_folder.FullName, "other");
        string[] arguments = [.. Anywhere, "--override", "kafkacompat.topics=here:2,gone:2", "--override", "default.replication.factor=3",
            "--override", "kafkacompat.http.listener=none", "--override"];
        PreparedDirectories.Prepare(
            new DiskFileStore(), ProgramSettings.Load(ProgramArguments.Parse([.. arguments, $"log.dirs={data}"]).Node), TimeProvider.System.GetUtcNow(),
            new Random(1));
        foreach (var folder in (string[])["here-0", "here-1", "gone-0.0123456789abcdef0123456789abcdef-delete"])
            Directory.CreateDirectory(Path.Combine(data, folder));
        var (code, said) = Check([.. arguments, $"log.dirs={data}"]);
        Assert.Equal(1, code);
        Assert.Equal([TooFew("gone")], Section(said, "Topics that are not created"));
        Assert.Equal([TooFew("here")], Section(said, "Topics that are not created where they do not exist"));
        Assert.EndsWith("and the node would not be ready: it lacks topics of kafkacompat.topics.\n", said, StringComparison.Ordinal);
        System.IO.File.WriteAllText(other, "");
        (code, said) = Check([.. arguments, $"log.dirs={data},{other}", "--override", $"metadata.log.dir={data}"]);
        Assert.Equal(0, code);
        Assert.Equal([TooFew("here"), TooFew("gone")], Section(said, "Topics that are not created where they do not exist"));
        Assert.EndsWith("A start would take this configuration.\n", said, StringComparison.Ordinal);

        static string TooFew(string topic) => $"{topic}: default.replication.factor asks for 3 replicas of a partition, and there is one node.";
    }

    [Fact]
    public void A_file_of_Strimzis_hears_of_everything_at_once()
    {
        var file = File("strimzi.properties");
        var (code, said) = Check(file);
        Assert.Equal(1, code);
        var problems = Section(said, "Problems");
        // TLS on three listeners, an authorizer, a principal builder and config providers; each with its line.
        foreach (
            var (setting, line) in ((string, int)[])[("listeners", 12), ("authorizer.class.name", 18), ("principal.builder.class", 20),
            ("config.providers", 21)])
        {
            Assert.Contains(problems, problem => problem.EndsWith($"({file}:{line})", StringComparison.Ordinal)
                && problem.Contains(setting == "listeners" ? "which is not served yet" : setting, StringComparison.Ordinal));
        }

        Assert.Equal(6, problems.Count);
        var ignored = string.Join('\n', Section(said, "Without effect"));
        foreach (
            var setting in (string[])["super.users", "listener.name.controlplane-9090.ssl.client.auth", "config.providers.strimzienv.class",
            "cruise.control.metrics.topic", "metric.reporters", "prometheus.metrics.reporter.listener"])
        {
            Assert.Contains(setting, ignored, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("CERTS_STORE_PASSWORD", said, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_of_Confluents_image_is_taken()
    {
        var (config, notes) = FromEnvironment("confluent.env");
        Assert.Equal("MkU3OEVBNTcwNTJENDM2Qk", config.ClusterId);
        Assert.Equal(["PLAINTEXT://broker:29092", "PLAINTEXT_HOST://localhost:9092"],
            config.Listeners.AdvertisedOfBroker.Select(static listener => listener.ToString()));
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
        var config = ProgramSettings.Load(ProgramArguments.Parse(["--override", "log.dir=/elsewhere"]).Node);
        Assert.Equal(["/elsewhere"], config.LogDirs);
    }

    [Fact]
    public void Several_bootstrap_servers_begin_no_cluster()
    {
        var empty = Path.Combine(_folder.FullName, "empty");
        var (code, said) =
            Check([.. Anywhere, "--port", "0", "--override", "controller.quorum.bootstrap.servers=a:9093,b:9093,c:9093", "--override", $"log.dirs={empty}"]);
        Assert.Equal(1, code);
        Assert.Matches("^controller.quorum.bootstrap.servers names 3 controllers .* \\(--override\\)$", Assert.Single(Section(said, "Problems")));
        Assert.False(Directory.Exists(empty));
    }

    [Fact]
    public async Task The_state_of_each_directory_is_told_and_nothing_is_changed()
    {
        string first = Path.Combine(_folder.FullName, "a"), second = Path.Combine(_folder.FullName, "b");
        string[] arguments = [.. Anywhere, "--override", $"log.dirs={first},{second}", "--override", "kafkacompat.http.listener=none"];
        var (code, said) = Check(arguments);
        Assert.Equal(0, code);
        Assert.Equal([$"{first} will be created and formatted", $"{second} will be created and formatted"], Section(said, "Directories"));
        Assert.Equal(["node 1 of a new cluster, whose id its first start makes"], Section(said, "Node"));
        Assert.Equal(["node 1 of cluster mine"], Section(Check([.. arguments, "--override", "kafkacompat.cluster.id=mine"]).Said, "Node"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.FullName));

        using (var program = ProgramProcess.Start(_folder.FullName, [], arguments))
        {
            Assert.NotNull(await program.Line());
            (code, said) = Check(arguments);
            Assert.Equal(0, code);
            Assert.All(Section(said, "Directories"),
                static line => Assert.Matches("^.* belongs to node 1 of cluster .{22}( and holds the metadata log)?; a broker that runs uses it$", line));
            Assert.EndsWith("A start would take this configuration once the broker that runs has ended.\n", said, StringComparison.Ordinal);
            Assert.Equal(("", ""), await program.Stop());
        }

        var before = Directory.EnumerateFileSystemEntries(_folder.FullName, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        (code, said) = Check([.. arguments, "--override", "kafkacompat.cluster.id=mine"]);
        Assert.Equal(0, code);
        Assert.DoesNotContain("runs", said, StringComparison.Ordinal);
        Assert.Matches("^node 1 of cluster .{22}$", Assert.Single(Section(said, "Node")));
        (code, said) = Check([.. arguments, "--override", "node.id=7"]);
        Assert.Equal(1, code);
        Assert.Matches(@"^Stored node id 1 doesn't match previous node id 7 .* \(--override\)$", Assert.Single(Section(said, "Problems")));
        (code, said) = Check([.. Anywhere, "--override", $"log.dirs={second}"]);
        Assert.Equal(1, code);
        Assert.Matches($@"^{second}, where this node's metadata log is looked for, holds none\. .* \(--override\)$", Assert.Single(Section(said, "Problems")));
        (code, said) = Check([.. Anywhere, "--override", $"log.dirs={first}/meta.properties/x"]);
        Assert.Equal(1, code);
        Assert.Equal(
            $"The log directory {first}/meta.properties/x, which holds the metadata log, cannot be used: {first}/meta.properties/x cannot be created: "
            + $"{first}/meta.properties is a file, not a folder. (--override)", Assert.Single(Section(said, "Problems")));
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(_folder.FullName, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }

    /// <summary>Of directories as of listeners: the line says where the setting stands, and a start says the same.</summary>
    [Fact]
    public async Task A_directory_that_stands_in_the_way_is_told_with_where_its_setting_stands()
    {
        string data = Path.Combine(_folder.FullName, "n1"), file = Path.Combine(_folder.FullName, "server.properties");
        await System.IO.File.WriteAllTextAsync(file,
            $"process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0\ncontroller.listener.names=CONTROLLER\n"
            + $"controller.quorum.bootstrap.servers=localhost:9093\nkafkacompat.http.listener=none\nlog.dirs={data},{data}/\n",
            TestContext.Current.CancellationToken);
        await Refused($"log.dirs names the same directory twice, as {data} and as {data}/. ({file}:7)");
        Assert.False(Directory.Exists(data));
        Directory.CreateDirectory(Path.Combine(data, "orders-0"));
        await Refused($"log.dirs names the same directory twice, as {data} and as {data}/. ({file}:7)");
        var (_, said) = Check(file, "--override", $"log.dirs={data}");
        Assert.StartsWith($"No readable meta.properties files found: {data} holds data and has no meta.properties", Assert.Single(Section(said, "Problems")),
            StringComparison.Ordinal);
        Assert.Equal([$"{data} holds data and has no meta.properties: there is orders-0"], Section(said, "Directories"));

        async Task Refused(string expected)
        {
            var (code, said) = Check(file);
            Assert.Equal(1, code);
            Assert.Equal(expected, Assert.Single(Section(said, "Problems")));
            using var program = ProgramProcess.Start(_folder.FullName, [], file);
            var (_, _, errors) = await program.End();
            Assert.Contains(expected, errors, StringComparison.Ordinal);
        }
    }

    /// <summary>What cannot be created is not said to be; and a link is no file.</summary>
    [Fact]
    public void A_directory_that_cannot_be_is_told_for_its_true_reason()
    {
        var link = Path.Combine(_folder.FullName, "link");
        Directory.CreateSymbolicLink(link, "gone");
        Assert.Equal(
            $"The log directory {link}, which holds the metadata log, cannot be used: {link} is a link to "
            + $"{new DiskFileStore().Resolve(_folder.FullName)}/gone, which does not exist. (--override)", Problem(link));
        Assert.Contains($"{link}/data cannot be created: {link} is a link to", Problem(link + "/data"), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(
                "The log directory /proc/x, which holds the metadata log, cannot be used: /proc takes no files and no folders: it is of the kernel's file "
                    + "system proc. (--override)", Problem("/proc/x"));
        }

        static string Problem(string directory)
        {
            var (code, said) = Check([.. Anywhere, "--override", $"log.dirs={directory}"]);
            Assert.Equal(1, code);
            Assert.StartsWith($"{directory} cannot be used: ", Assert.Single(Section(said, "Directories")), StringComparison.Ordinal);
            return Assert.Single(Section(said, "Problems"));
        }
    }

    [Fact]
    public void Directories_are_looked_at_while_other_settings_are_wrong()
    {
        string one = Path.Combine(_folder.FullName, "one"), two = Path.Combine(_folder.FullName, "two");
        Directory.CreateDirectory(Path.Combine(one, "orders-0"));
        var (code, said) = Check([.. Anywhere, "--override", $"log.dirs={one},{two},{two}/", "--override", "node.id=x", "--override", "num.partitions=many"]);
        Assert.Equal(1, code);
        Assert.Equal(
            [$"{one} holds data and has no meta.properties: there is orders-0", $"{two} will be created and formatted",
            $"{two}/ will be created and formatted"], Section(said, "Directories"));
        var problems = Section(said, "Problems");
        Assert.Equal(3, problems.Count);
        Assert.Equal($"log.dirs names the same directory twice, as {two} and as {two}/. (--override)", problems[^1]);
        // What is wrong with the directories' own settings leaves nothing to look at.
        Assert.Empty(Section(Check([.. Anywhere, "--override", "metadata.log.dir=", "--override", "node.id=x"]).Said, "Directories"));
    }

    /// <summary>What a start says where it binds, with where the setting stands; and the port is free again.</summary>
    [Fact]
    public void An_address_that_is_not_this_machines_and_a_port_in_use_are_told()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var (code, said) = Check(
            "--override", $"listeners=PLAINTEXT://192.0.2.1:0,CONTROLLER://127.0.0.1:{port}", "--override", $"log.dirs={_folder.FullName}/x", "--override",
            "kafkacompat.http.listener=no.such.host.invalid:1");
        Assert.Equal(1, code);
        var problems = Section(said, "Problems");
        Assert.Equal(
            "Listener PLAINTEXT://192.0.2.1:0: this machine does not have the address 192.0.2.1. Name one of its own, or no host for all of them. (--override)",
            problems[0]);
        Assert.Equal($"Port {port} is in use: listener CONTROLLER://127.0.0.1:{port} cannot be bound to 127.0.0.1. (--override)", problems[1]);
        Assert.StartsWith("Listener HTTP://no.such.host.invalid:1: no.such.host.invalid does not resolve to an address of this machine", problems[2],
            StringComparison.Ordinal);
        Assert.EndsWith("(--override)", problems[2], StringComparison.Ordinal);
        taken.Dispose();
        Assert.Equal(2,
            Section(Check("--override", $"listeners=PLAINTEXT://192.0.2.1:0,CONTROLLER://127.0.0.1:{port}", "--override",
            $"log.dirs={_folder.FullName}/x").Said, "Problems").Count + 1);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string[] Anywhere => ["--override", "listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0"];

    private static string Folder => Path.Combine(KafkaReference.RepositoryRoot, "tests", "Server", "CommandLine", "Configurations");

    private static string File(string name) => Path.Combine(Folder, name);

    private static (int Code, string Said) Check(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (CheckCommand.Check(ProgramArguments.Parse(arguments).Node, output), output.ToString());
    }

    private static List<string> Section(string said, string title) =>
        [.. said.Split('\n').SkipWhile(line => line != title + ":").Skip(1).TakeWhile(static line => line.StartsWith("  ", StringComparison.Ordinal))
            .Select(static line => line.Trim())];

    private static (ServerConfig Config, List<string> Notes) FromEnvironment(string file)
    {
        var variables = ConfigProperties.Parse(System.IO.File.ReadAllText(File(file)));
        var arguments = new NodeArguments(null, [.. EnvironmentSettings.From(variables)]);
        return (ProgramSettings.Load(arguments), [.. EnvironmentSettings.WithoutEffect(variables)]);
    }
}
