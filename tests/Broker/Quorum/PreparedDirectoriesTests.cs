using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>The directories of a node before it starts: formatted, taken, done without or refused, each for its true reason.</summary>
public sealed class PreparedDirectoriesTests
{
    private static readonly string[] Disks = ["/a", "/b"];

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public void Empty_directories_are_formatted_together()
    {
        var prepared = Prepare();
        Assert.Equal(Disks, prepared.Formatted);
        Assert.NotEqual(Meta("/a").DirectoryId, Meta("/b").DirectoryId);
        Assert.Empty(Prepare().Formatted);
    }

    /// <summary>What cannot be a node's data is nobody's business.</summary>
    [Theory]
    [InlineData(".gitkeep", false)]
    [InlineData(".DS_Store", false)]
    [InlineData("README.md", false)]
    [InlineData(".nfs0000000000000001", false)]
    [InlineData("lost+found", true)]
    [InlineData(".snapshot", true)]
    [InlineData("__cluster_metadata-0", true)]
    public void Things_that_are_no_data_are_no_hindrance(string name, bool isFolder)
    {
        Put("/a/" + name, isFolder);
        Assert.Equal(Disks, Prepare().Formatted);
    }

    [Theory]
    [InlineData("orders-0", true)]
    [InlineData("orders-0.0123456789abcdef0123456789abcdef-stray", true)]
    [InlineData("__consumer_offsets-17", true)]
    [InlineData("recovery-point-offset-checkpoint", false)]
    [InlineData("replication-offset-checkpoint", false)]
    [InlineData("log-start-offset-checkpoint", false)]
    [InlineData("cleaner-offset-checkpoint", false)]
    [InlineData(".kafka_cleanshutdown", false)]
    [InlineData("__cluster_metadata-0/00000000000000000000.log", false)]
    [InlineData("__cluster_metadata-0/quorum-state", false)]
    public void Data_without_an_owner_is_never_formatted(string name, bool isFolder)
    {
        foreach (var disk in Disks)
        {
            _files.DeleteFolder("/a");
            _files.DeleteFolder("/b");
            Put($"{disk}/{name}", isFolder);
            var data = name.Split('/')[0];
            Assert.Contains($"{disk} holds data and has no meta.properties, which says whose data it is: there is {data}.", Refusal(),
                StringComparison.Ordinal);
            Assert.Contains((disk, $"holds data and has no meta.properties: there is {data}"), FoundDirectories.Look(_files, Config()).States());
        }
    }

    /// <summary>
    /// As a broker of ZooKeeper's days leaves it, or a node whose disk with the metadata is not mounted: a start would set every partition aside.
    /// </summary>
    [Fact]
    public void Topics_without_a_metadata_log_are_left_alone()
    {
        Prepare();
        foreach (var file in _files.List($"/a/{MetadataLog.FolderName}").ToList()) _files.Delete($"/a/{MetadataLog.FolderName}/{file.Name}");
        foreach (var disk in Disks)
        {
            Put($"{disk}/orders-0", isFolder: true);
            Assert.Contains($"{disk}/orders-0 is a partition, and /a has no metadata log that knows of it", Refusal(), StringComparison.Ordinal);
            _files.DeleteFolder($"{disk}/orders-0");
        }
    }

    /// <summary>metadata.log.dir was left out or moved: the reason is where the metadata log is looked for, and not what another program once did.</summary>
    [Fact]
    public void A_metadata_log_that_lies_elsewhere_is_looked_for_by_its_setting()
    {
        Prepare(("metadata.log.dir", "/m"));
        Assert.Equal(
            "/a, where this node's metadata log is looked for, holds none. Nothing was changed. If it lies in another directory, set metadata.log.dir to that. "
                + "If its disk is not mounted, mount it. If a broker with ZooKeeper wrote the data, migrate the cluster to KRaft with Apache Kafka 3.9 first.",
            Refusal());
        Assert.Equal(
            [" and is to hold the metadata log", "", " and holds a metadata log"],
            FoundDirectories.Look(_files, Config(("log.dirs", "/a,/b,/m"))).States()
                .Select(state => state.State[$"belongs to node 1 of cluster {Meta("/a").ClusterId}".Length..]));
        Assert.Equal("/b, where this node's metadata log is looked for, holds none. Nothing was changed. /m holds one: set metadata.log.dir=/m.",
            Refusal(("log.dirs", "/b,/a,/m")));
        Put("/a/orders-0", isFolder: true);
        Assert.Equal("/a/orders-0 is a partition, and /a has no metadata log that knows of it. Nothing was changed. /m holds one: set metadata.log.dir=/m.",
            Refusal(("log.dirs", "/a,/b,/m")));
        Assert.Equal("/m", Prepare(("metadata.log.dir", "/m")).Meta.DirectoryId == Meta("/m").DirectoryId ? "/m" : "");
    }

    /// <summary>A quorum whose voters the settings name begins with an empty metadata log.</summary>
    [Fact]
    public void Static_voters_need_no_metadata_log_to_begin_with()
    {
        Prepare();
        foreach (var file in _files.List($"/a/{MetadataLog.FolderName}").ToList()) _files.Delete($"/a/{MetadataLog.FolderName}/{file.Name}");
        Assert.Empty(Prepare(("controller.quorum.voters", "1@localhost:19093")).Formatted);
        Assert.Contains("/a, where this node's metadata log is looked for, holds none.", Refusal(), StringComparison.Ordinal);
    }

    /// <summary>What a look finds is what a start would find, and changes nothing.</summary>
    [Fact]
    public void A_look_tells_what_a_start_would_do_and_changes_nothing()
    {
        var look = FoundDirectories.Look(_files, Config());
        look.Require();
        Assert.Equal([("/a", "will be created and formatted"), ("/b", "will be created and formatted")], look.States());
        Assert.Empty(_files.List("/"));
        _files.CreateFolder("/a");
        Assert.Equal("holds no data and will be formatted", FoundDirectories.Look(_files, Config()).States()[0].State);
        var meta = Prepare().Meta;
        look = FoundDirectories.Look(_files, Config());
        Assert.Equal([("/a", $"belongs to node 1 of cluster {meta.ClusterId} and holds the metadata log"),
            ("/b", $"belongs to node 1 of cluster {meta.ClusterId}")], look.States());
        Assert.Contains("Stored node id 1 doesn't match",
            Assert.Throws<QuorumStateException>(() => FoundDirectories.Look(_files, Config(("node.id", "2"))).Require()).Message, StringComparison.Ordinal);
        _files.DeleteFolder("/b");
        Assert.Equal("will be created and formatted, unless the metadata knows of a directory that is missing",
            FoundDirectories.Look(_files, Config()).States()[1].State);
        _files.CreateFolder("/b");
        Put("/b/file", isFolder: false);
        Assert.Equal("holds no data and will be formatted, unless the metadata knows of a directory that is missing",
            FoundDirectories.Look(_files, Config()).States()[1].State);
    }

    /// <summary>Kafka 3.3 to 3.6 wrote none; Kafka 4.4 makes one up and writes it down.</summary>
    [Fact]
    public void A_directory_without_an_id_gets_one()
    {
        Prepare();
        var before = Meta("/a");
        foreach (var disk in Disks) (Meta(disk) with { DirectoryId = null }).Write(_files, disk, TimeProvider.System.GetUtcNow());
        var prepared = Prepare();
        Assert.Equal(Disks, prepared.Identified);
        // The voters of the metadata log know the one that was lost.
        Assert.Equal(before, prepared.Meta);
        Assert.Equal(Meta("/a"), prepared.Meta);
        Assert.NotNull(Meta("/a").DirectoryId);
        Assert.NotEqual(Meta("/a").DirectoryId, Meta("/b").DirectoryId);
        Assert.Empty(Prepare().Identified);
    }

    [Fact]
    public void Another_nodes_another_clusters_and_a_copied_directory_are_refused()
    {
        Prepare();
        var mine = Meta("/b");
        (mine with { NodeId = 7 }).Write(_files, "/b", TimeProvider.System.GetUtcNow());
        Assert.Contains("Stored node id 7 doesn't match previous node id 1 in /b/meta.properties", Refusal(), StringComparison.Ordinal);
        (mine with { ClusterId = "other" }).Write(_files, "/b", TimeProvider.System.GetUtcNow());
        Assert.Contains("The directory /b belongs to the cluster other", Refusal(), StringComparison.Ordinal);
        (mine with { DirectoryId = Meta("/a").DirectoryId }).Write(_files, "/b", TimeProvider.System.GetUtcNow());
        Assert.Contains("The directories /a and /b have the same directory.id", Refusal(), StringComparison.Ordinal);
        Assert.Contains("Remove the line directory.id", Refusal(), StringComparison.Ordinal);
        (mine with { DirectoryId = new Uuid(0, 1) }).Write(_files, "/b", TimeProvider.System.GetUtcNow());
        Assert.Contains("is reserved by Kafka", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{0}/a,{0}/a/")]
    [InlineData("{0}/a,{0}/b/../a")]
    [InlineData("{0}/a,{0}/a/.")]
    public void One_directory_under_two_names_is_told_as_one(string directories)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-twice-");
        try
        {
            var names = directories.Replace("{0}", folder.FullName, StringComparison.Ordinal);
            Directory.CreateDirectory(Path.Combine(folder.FullName, "a"));
            Directory.CreateDirectory(Path.Combine(folder.FullName, "b"));
            var disk = new DiskFileStore();
            _ = PreparedDirectories.Prepare(disk, QuorumHost.Config(folder.FullName + "/a"), TimeProvider.System.GetUtcNow(), new Random(1));
            var refused = Assert.Throws<QuorumStateException>(() => PreparedDirectories.Prepare(disk,
                QuorumHost.Config(folder.FullName + "/a", ("log.dirs", names)), TimeProvider.System.GetUtcNow(), new Random(1)));
            Assert.StartsWith("log.dirs names the same directory twice", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Formatted twice it would have the id of the second, and be refused for good. Apache Kafka formats it and refuses to start over it.</summary>
    [Theory]
    [InlineData("{0}/one,{0}/two", "as {0}/one and as {0}/two. Both lead to {0}/there.")]
    [InlineData("{0}/there,{0}/two", "as {0}/there and as {0}/two. Both lead to {0}/there.")]
    [InlineData("{0}/folder/a,{0}/there/a", "as {0}/folder/a and as {0}/there/a. Both lead to {0}/there/a.")]
    [InlineData("{0}/nowhere,{0}/absent", "as {0}/nowhere and as {0}/absent. Both lead to {0}/absent.")]
    public void Links_to_one_directory_are_told_before_it_is_formatted(string directories, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-links-");
        try
        {
            var there = Directory.CreateDirectory(Path.Combine(folder.FullName, "there"));
            foreach (var (link, target) in (ReadOnlySpan<(string, string)>)[("one", there.FullName), ("two", "./folder/../there"), ("folder", "there"),
                ("nowhere", "absent")])
            {
                Directory.CreateSymbolicLink(Path.Combine(folder.FullName, link), target);
            }

            var disk = new DiskFileStore();
            var config = QuorumHost.Config("/a", ("log.dirs", directories.Replace("{0}", folder.FullName, StringComparison.Ordinal)));
            var refused = Assert.Throws<QuorumStateException>(() => PreparedDirectories.Prepare(disk, config, TimeProvider.System.GetUtcNow(), new Random(1)));
            Assert.Equal("log.dirs names the same directory twice, " + expected.Replace("{0}", disk.Resolve(folder.FullName), StringComparison.Ordinal),
                refused.Message);
            Assert.Empty(there.EnumerateFileSystemInfos());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Nothing exists yet, so that only the paths can tell; Apache Kafka formats it and fails over its own lock.</summary>
    [Theory]
    [InlineData("/n/a,/n/./a", "", "log.dirs names the same directory twice, as /n/a and as /n/./a.")]
    [InlineData("/n/a,/n/a/", "", "log.dirs names the same directory twice, as /n/a and as /n/a/.")]
    [InlineData("/n/a,/n/b", "/n/x/../a",
        "log.dirs and metadata.log.dir name the same directory by different paths, /n/a and /n/x/../a. Write the same path in both.")]
    public void One_directory_that_is_not_there_yet_under_two_names_is_told_as_one(string directories, string metadata, string expected)
    {
        (string, string)[] settings = [("log.dirs", directories), .. metadata.Length > 0 ? [("metadata.log.dir", metadata)] : Array.Empty<(string, string)>()];
        Assert.Equal(expected, Refusal(settings));
        Assert.Equal(expected, Assert.Throws<QuorumStateException>(FoundDirectories.Look(_files, Config(settings)).Require).Message);
        Assert.Empty(_files.List("/"));
    }

    [Fact]
    public void The_same_path_twice_is_one_directory() => Assert.Equal(["/a"], Prepare(("log.dirs", "/a,/a")).Formatted);

    [Fact]
    public void A_directory_without_an_owner_beside_others_is_left_for_the_metadata_to_tell()
    {
        Prepare();
        _files.DeleteFolder("/b");
        Assert.Equal(["/b"], Prepare().Empty);
        _files.CreateFolder("/b");
        Assert.Equal(["/b"], Prepare().Empty);
        Assert.Null(MetaProperties.Read(_files, "/b"));
        _files.DeleteFolder("/a");
        new MetaProperties("c", 1, new Uuid(5, 5)).Write(_files, "/b", TimeProvider.System.GetUtcNow());
        Assert.Contains("/a, which is to hold the metadata log, is not formatted", Refusal(), StringComparison.Ordinal);
    }

    /// <summary>A disk that does not answer, one that is read-only, a malformed file: the node can do without it, unless the metadata log is there.</summary>
    [Theory]
    [InlineData("/b")]
    [InlineData("/a")]
    public void A_directory_that_cannot_be_used_is_offline_unless_it_holds_the_metadata_log(string disk)
    {
        Prepare();
        var broken = Broken(disk);
        Check(broken, "Input/output error");
        _files.WriteAtomically(disk + "/meta.properties", "version=7\n"u8);
        Check(_files, "version '7'");

        void Check(IFileStore files, string reason)
        {
            if (disk == "/b")
            {
                var prepared = PreparedDirectories.Prepare(files, Config(), TimeProvider.System.GetUtcNow(), new Random(1));
                Assert.Contains(reason, prepared.Unusable["/b"].Message, StringComparison.Ordinal);
                return;
            }

            var refused =
                Assert.Throws<QuorumStateException>(() => PreparedDirectories.Prepare(files, Config(), TimeProvider.System.GetUtcNow(), new Random(1)));
            Assert.Contains("The log directory /a, which holds the metadata log, cannot be used: ", refused.Message, StringComparison.Ordinal);
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// One disk does not answer and the other, of the metadata log, is empty: to begin anew there would be the end of what the first one holds.
    /// </summary>
    [Fact]
    public void Nothing_is_formatted_while_a_directory_cannot_be_looked_at()
    {
        var broken = Broken("/b");
        _files.CreateFolder("/b");
        var refused = Assert.Throws<QuorumStateException>(() => PreparedDirectories.Prepare(broken, Config(), TimeProvider.System.GetUtcNow(), new Random(1)));
        Assert.Contains("a new node or one that lost its disk", refused.Message, StringComparison.Ordinal);
        Assert.False(_files.FolderExists("/a"));
    }

    /// <summary>
    /// Wherever the metadata log's directory stands among the others, a format that was cut off between any two operations is no hindrance to the next start.
    /// </summary>
    [Theory]
    [InlineData("/a", "/a,/b,/c")]
    [InlineData("/b", "/a,/b,/c")]
    [InlineData("/c", "/a,/b,/c")]
    [InlineData("/m", "/a,/b")]
    public void A_format_that_was_cut_off_is_completed_by_the_next_start(string metadata, string dirs)
    {
        const int PowerCuts = 4;
        var config = Config(("log.dirs", dirs), ("metadata.log.dir", metadata));
        var whole = new ForgetfulFileStore(TimeProvider.System);
        PreparedDirectories.Prepare(whole, config, TimeProvider.System.GetUtcNow(), new Random(1));
        for (var operations = 0; operations < whole.Operations; operations++)
        {
            for (var seed = 0; seed <= PowerCuts; seed++)
            {
                var files = new ForgetfulFileStore(TimeProvider.System);
                files.CutPowerAfter(operations);
                Assert.Throws<QuorumStateException>(() => PreparedDirectories.Prepare(files, config, TimeProvider.System.GetUtcNow(), new Random(1)));
                files = seed == PowerCuts ? files.Kill() : files.Crash(seed);
                var random = new Random(2);
                var prepared = PreparedDirectories.Prepare(files, config, TimeProvider.System.GetUtcNow(), random);

                // A new node's metadata misses no directory.
                foreach (var empty in prepared.Empty) prepared.FormatEmpty(empty, TimeProvider.System.GetUtcNow(), random);
                var metas = config.NodeDirs.Select(directory => MetaProperties.Read(files, directory)!).ToList();
                Assert.Single(metas.Select(meta => meta.ClusterId).Distinct());
                Assert.Equal(metas.Count, metas.Select(meta => meta.DirectoryId).Distinct().Count());
                var snapshot = QuorumSnapshot.Read(files.ReadAllBytes($"{metadata}/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"));
                Assert.Equal(prepared.Meta.DirectoryId, Assert.Single(snapshot.Voters!.Voters).Key.DirectoryId);
            }
        }
    }

    /// <summary>A disk that says nothing of its files.</summary>
    private HookedFileStore Broken(string disk) => new(_files)
    {
        Before = (operation, path) =>
        {
            if (operation == nameof(IFileStore.FileExists) && path.StartsWith(disk + "/", StringComparison.Ordinal))
                throw new IOException("Input/output error");
        },
    };

    private static ServerConfig Config(params (string Name, string Value)[] settings) => QuorumHost.Config("/a", [("log.dirs", "/a,/b"), .. settings]);

    private PreparedDirectories Prepare(params (string Name, string Value)[] settings) =>
        PreparedDirectories.Prepare(_files, Config(settings), TimeProvider.System.GetUtcNow(), new Random(_files.GetHashCode()));

    private string Refusal(params (string Name, string Value)[] settings)
    {
        var message = Assert.Throws<QuorumStateException>(() => Prepare(settings)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private MetaProperties Meta(string disk) => MetaProperties.Read(_files, disk)!;

    private void Put(string path, bool isFolder)
    {
        _files.CreateFolder(isFolder ? path : Path.GetDirectoryName(path)!);
        if (!isFolder) _files.WriteAtomically(path, "x"u8);
    }
}
