using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Tests.Hosting;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.CommandLine;

/// <summary>kafkacompat format, with the options of kafka-storage format; what is expected here was seen of Apache Kafka 4.4.</summary>
public sealed class FormatCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-format-");

    [Theory]
    [InlineData("33", "metadata.version=33 eligible.leader.replicas.version=1 group.version=1 share.version=2 streams.version=1 transaction.version=2")]
    [InlineData("3.5", "metadata.version=11", "-r", "3.5")]
    [InlineData("3.5.1", "metadata.version=11", "-r", "3.5.1")]
    [InlineData("4.0", "metadata.version=25 transaction.version=2", "-r", "4.0", "-f", "group.version=0", "--feature", "kraft.version=1")]
    [InlineData("4.0-IV0", "metadata.version=22 group.version=1", "--release-version=4.0-IV0")]
    [InlineData("feature", "metadata.version=21 group.version=1", "-r", "3.9", "-f", "group.version=1")]
    [InlineData("metadata", "metadata.version=25 group.version=1 transaction.version=2", "-f", "metadata.version=25")]
    public void The_features_are_those_of_the_release(string _, string expected, params string[] arguments)
    {
        Format(["-t", "abc", "--standalone", .. arguments]);
        var snapshot = Snapshot("one");
        Assert.Equal(expected,
            string.Join(' ',
            snapshot.Records.Select(static record => (FeatureLevelRecord)record.Message).Select(static record => $"{record.Name}={record.FeatureLevel}")));
        Assert.Equal((1, 1), (snapshot.KRaftVersion, snapshot.Voters!.Voters.Length));
    }

    [Fact]
    public void Directories_have_one_cluster_and_ids_of_their_own()
    {
        var lines = Format(["-t", "my-cluster", "-s"]);
        Assert.Equal(2, lines.Count);
        var (one, two) = (Meta("one"), Meta("two"));
        Assert.Equal(("my-cluster", 1, "my-cluster", 1), (one.ClusterId, one.NodeId, two.ClusterId, two.NodeId));
        Assert.NotEqual(one.DirectoryId, two.DirectoryId);
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "two", "__cluster_metadata-0")));
    }

    [Fact]
    public void A_new_disk_is_formatted_beside_others_and_those_stay_as_they_are()
    {
        Format(["-t", "abc", "-s"]);
        var before = File.ReadAllBytes(Path.Combine(_folder.FullName, "one", "meta.properties"));
        Directory.Delete(Path.Combine(_folder.FullName, "two"), recursive: true);
        Assert.Contains("is formatted already", Assert.Throws<ConfigurationException>(() => Format(["-t", "abc", "-s"])).Message, StringComparison.Ordinal);
        Assert.Equal($"Formatted {_folder.FullName}/two for node 1 of cluster abc.", Assert.Single(Format(["-g"])));
        Assert.Equal("abc", Meta("two").ClusterId);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(_folder.FullName, "one", "meta.properties")));
        Assert.Equal("All directories are formatted already.", Assert.Single(Format(["-g", "-t", "abc"])));
    }

    /// <summary>As a start says it.</summary>
    [Fact]
    public async Task A_directory_that_is_named_twice_is_refused_with_where_that_stands()
    {
        string data = Path.Combine(_folder.FullName, "n1"), link = Path.Combine(_folder.FullName, "link"),
        file = Path.Combine(_folder.FullName, "twice.properties");
        Directory.CreateDirectory(data);
        Directory.CreateSymbolicLink(link, "n1");
        await File.WriteAllTextAsync(file,
            $"process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0\ncontroller.listener.names=CONTROLLER\n"
            + $"controller.quorum.bootstrap.servers=localhost:9093\nlog.dirs={data},{link}\n", TestContext.Current.CancellationToken);
        var (code, _, errors) = await ProgramProcess.Run(_folder.FullName, "format", "-t", "abc", "--standalone", "-c", file);
        Assert.Equal(1, code);
        Assert.Contains($"log.dirs names the same directory twice, as {data} and as {link}. Both lead to {new DiskFileStore().Resolve(data)}. ({file}:6)",
            errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(data));
    }

    /// <summary>As kafka-storage does: what is asked for has to be possible, whether or not a directory is left to format.</summary>
    [Theory]
    [InlineData("There is no feature foo", "-f", "foo=1")]
    [InlineData("Feature group.version has no level 9", "-f", "group.version=9")]
    [InlineData("There is no release 4.9", "-r", "4.9")]
    [InlineData("metadata.version=99", "-f", "metadata.version=99")]
    [InlineData("kraft.version=0 needs controller.quorum.voters", "-f", "kraft.version=0")]
    [InlineData("it begins with neither", "-S", "FOO=[name=a]")]
    [InlineData("needs ID@HOST:PORT:DIRECTORY_ID", "-I", "junk")]
    [InlineData("belongs to cluster abc, not other", "-t", "other")]
    public void What_cannot_be_is_refused_where_all_is_formatted_too(string expected, params string[] arguments)
    {
        Format(["-t", "abc"]);
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Format(["-g", .. arguments])).Message, StringComparison.Ordinal);
        Assert.Equal("All directories are formatted already.", Assert.Single(Format(["-g", "-t", "abc", "-f", "group.version=0", "-r", "4.0"])));
    }

    [Fact]
    public void A_directory_that_a_running_broker_uses_is_not_formatted()
    {
        Format(["-t", "abc"]);
        File.Delete(Path.Combine(_folder.FullName, "two", "meta.properties"));
        using (new DiskFileStore().TryLock(Path.Combine(_folder.FullName, "two", ".lock")))
        {
            Assert.Contains($"A running broker uses {_folder.FullName}/two", Assert.Throws<ConfigurationException>(() => Format(["-g", "-t", "abc"])).Message,
                StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(_folder.FullName, "two", "meta.properties")));
        }

        Assert.Single(Format(["-g", "-t", "abc"]));
        using var taken = new DiskFileStore().TryLock(Path.Combine(_folder.FullName, "two", ".lock"));
        Assert.NotNull(taken);
    }

    /// <summary>Between the first look and the lock a node may begin there and end again.</summary>
    [Theory]
    [InlineData("meta.properties", "was formatted by another process meanwhile")]
    [InlineData("recovery-point-offset-checkpoint", "holds data and has no meta.properties")]
    public void A_directory_that_another_process_took_meanwhile_is_left_alone(string file, string expected)
    {
        Format(["-t", "abc"]);
        var folder = Path.Combine(_folder.FullName, "two");
        var meta = File.ReadAllBytes(Path.Combine(folder, "meta.properties"));
        Directory.Delete(folder, recursive: true);
        var files = new HookedFileStore(new DiskFileStore())
        {
            Before = (operation, path) =>
            {
                if (operation != nameof(IFileStore.CreateFolder) || path != folder) return;
                Directory.CreateDirectory(folder);
                File.WriteAllBytes(Path.Combine(folder, file), meta);
            },
        };
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Format(files, ["-g", "-t", "abc"])).Message, StringComparison.Ordinal);
        Assert.Equal([".lock", file], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(meta, File.ReadAllBytes(Path.Combine(folder, file)));
    }

    [Fact]
    public void A_metadata_log_is_not_begun_anew_beside_directories_with_data()
    {
        Format(["-t", "abc", "-s"]);
        Directory.Delete(Path.Combine(_folder.FullName, "one"), recursive: true);
        Assert.Contains("is not formatted, while", Assert.Throws<ConfigurationException>(() => Format(["-g"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("belongs to cluster abc, not other", "-g", "-t", "other")]
    [InlineData("There is no release 4.9 to format for", "-t", "x", "-r", "4.9")]
    [InlineData("There is no release 4.5 to format for", "-t", "x", "-r", "4.5")]
    [InlineData("There is no feature foo. There are eligible.leader", "-t", "x", "-f", "foo=1")]
    [InlineData("Feature group.version has no level 9", "-t", "x", "-f", "group.version=9")]
    [InlineData("--feature needs NAME=LEVEL, not group.version", "-t", "x", "-f", "group.version")]
    [InlineData("kraft.version=0 needs controller.quorum.voters", "-t", "x", "-f", "kraft.version=0")]
    [InlineData("--no-initial-controllers formats a node that joins", "-t", "x", "-N")]
    [InlineData("names several controllers", "-t", "x", "-I", "1@a:1:JEXY6aqzQY-32P5TStzaFg,2@b:1:MvDxzVmcRsaTz33bUuRU6A")]
    [InlineData("names node 2, and node.id is 1", "-t", "x", "-I", "2@a:1:JEXY6aqzQY-32P5TStzaFg")]
    [InlineData("needs ID@HOST:PORT:DIRECTORY_ID", "-t", "x", "-I", "1@a:JEXY6aqzQY-32P5TStzaFg")]
    [InlineData("exclude each other", "-t", "x", "-s", "-I", "1@a:1:JEXY6aqzQY-32P5TStzaFg")]
    [InlineData("it takes one of password and saltedpassword", "-t", "x", "-S", "SCRAM-SHA-256=[name=alice]")]
    [InlineData("it begins with neither", "-t", "x", "-S", "FOO=[name=alice,password=x]")]
    [InlineData("iterations is a number from 4096 to 16384", "-t", "x", "-S", "SCRAM-SHA-256=[name=alice,password=secret,iterations=5]")]
    [InlineData("Unknown option --standalon; did you mean --standalone?", "--standalon")]
    [InlineData("--cluster-id is empty", "-t", "")]
    public void What_cannot_be_is_refused_with_its_reason(string expected, params string[] arguments)
    {
        if (arguments[0] == "-g")
        {
            Format(["-t", "abc", "-s"]);
        }

        var message = Assert.Throws<ConfigurationException>(() => Format(arguments)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret,", message, StringComparison.Ordinal);
        Assert.Equal(arguments[0] == "-g", File.Exists(Path.Combine(_folder.FullName, "one", "meta.properties")));
    }

    [Fact]
    public void Static_voters_stand_in_the_settings_and_not_in_the_log()
    {
        Format(["-t", "abc"], "controller.quorum.voters=1@localhost:9093");
        Assert.Null(Snapshot("one").Voters);
        Assert.Contains("controller.quorum.voters is set",
            Assert.Throws<ConfigurationException>(() =>
            Format(["-t", "abc", "-s", "-g"], "controller.quorum.voters=1@localhost:9093", "log.dirs=three")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_initial_controller_says_its_address_and_the_id_of_its_directory()
    {
        Format(["-t", "abc", "-I", "1@there:21101:JEXY6aqzQY-32P5TStzaFg"]);
        Assert.Equal("JEXY6aqzQY-32P5TStzaFg", Meta("one").DirectoryId!.Value.ToString());
        var voter = Assert.Single(Snapshot("one").Voters!.Voters);
        Assert.Equal(("JEXY6aqzQY-32P5TStzaFg", "there", 21101), (voter.Key.DirectoryId.ToString(), voter.Endpoints[0].Host, voter.Endpoints[0].Port));
    }

    /// <summary>The keys are those that kafka-storage format of Apache Kafka 4.4 wrote for alice, secret and this salt.</summary>
    [Fact]
    public void A_credential_is_kept_as_its_keys()
    {
        Format(["-t", "abc", "-s", "-S", $"SCRAM-SHA-256=[name=alice,password=secret,salt=\"{Convert.ToBase64String("78w68ixnf4rf7m7c8e9p5ilsl"u8)}\"]"]);
        var record = Assert.IsType<UserScramCredentialRecord>(Snapshot("one").Records[^1].Message);
        Assert.Equal(("alice", 1, 4096), (record.Name, record.Mechanism, record.Iterations));
        Assert.Equal(
            (sbyte[])[87, 45, 81, -52, 52, 121, -11, -18, -77, -80, -25, -28, 31, 29, -42, 95, -116, -43, 11, -24, 87, -58, -58, 30, -97, -121, -83, -40, -81,
            -96, -117, 102], record.StoredKey.Select(static one => (sbyte)one));
        Assert.Equal(
            (sbyte[])[-33, -97, -64, 66, 9, -101, 39, 123, 126, 43, 5, -94, 57, -19, 26, 122, 58, -115, 19, 4, 54, -125, -6, 80, 42, -71, 109, -17, 63, 69, -26,
            -87], record.ServerKey.Select(static one => (sbyte)one));
    }

    [Fact]
    public async Task A_node_starts_on_what_was_formatted_and_creates_its_topics_once()
    {
        var arguments = (string[])["--override", "kafkacompat.topics=orders:3, audit", .. ProgramProcess.Anywhere];
        var (code, output, errors) = await ProgramProcess.Run(_folder.FullName, "format", "-t", "my-cluster", "-r", "4.1");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal($"Formatted data for node 1 of cluster my-cluster, with the metadata log at metadata.version 4.1-IV1.\n", output);
        for (var start = 0; start < 2; start++)
        {
            using var program = ProgramProcess.Start(_folder.FullName, [], arguments);
            Assert.NotNull(await program.Line());
            Assert.Equal(["audit-0", "orders-0", "orders-1", "orders-2"],
                Directory.EnumerateDirectories(Path.Combine(_folder.FullName, "data")).Select(Path.GetFileName).Where(static name => name![0] != '_')
                .Order(StringComparer.Ordinal));
            Assert.Equal(("", ""), await program.Stop());
        }

        using var other = ProgramProcess.Start(_folder.FullName, [("KAFKA_KAFKACOMPAT_TOPICS", "orders:4")], ProgramProcess.Anywhere);
        Assert.NotNull(await other.Line());
        Assert.Contains("Topic orders exists and keeps its number of partitions, 3. kafkacompat.topics says 4", (await other.Stop()).Errors,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("orders:0", "does not say how many partitions")]
    [InlineData("orders:x", "does not say how many partitions")]
    [InlineData("or/ders", "contains one or more characters")]
    [InlineData("a,a:2", "a is named twice")]
    [InlineData("__consumer_offsets", "Brokers make the topic __consumer_offsets for themselves")]
    [InlineData(":3", "the empty string is not allowed")]
    public void Topics_that_cannot_be_are_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => OwnSettings.Topics.Parse(text)).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Delete(recursive: true);

    private IReadOnlyList<string> Format(string[] arguments, params string[] settings) => Format(new DiskFileStore(), arguments, settings);

    private IReadOnlyList<string> Format(IFileStore files, string[] arguments, params string[] settings)
    {
        var all = new List<string>
        {
            "process.roles=broker,controller", "node.id=1", "listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
            "controller.listener.names=CONTROLLER",
            $"log.dirs={_folder.FullName}/one,{_folder.FullName}/two",
        };
        if (settings.Length == 0) all.Add("controller.quorum.bootstrap.servers=localhost:9093");
        all.AddRange(settings);
        var config = ServerConfig.Create(all.Select(static pair => KeyValuePair.Create(pair.Split('=', 2)[0], pair.Split('=', 2)[1])), "localhost");
        return FormatCommand.Format(FormatOptions.Parse(arguments), config, files, TimeProvider.System.GetUtcNow(), Random.Shared);
    }

    private MetaProperties Meta(string directory) => MetaProperties.Read(new DiskFileStore(), Path.Combine(_folder.FullName, directory))!;

    private QuorumSnapshot Snapshot(string directory) =>
        QuorumSnapshot.Read(File.ReadAllBytes(Path.Combine(_folder.FullName, directory, MetadataLog.FolderName, SnapshotId.Bootstrap.FileName)));
}
