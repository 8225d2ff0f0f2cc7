using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>An empty directory becomes what <c>kafka-storage format --standalone</c> makes of it.</summary>
public sealed class DirectoryFormatTests : IDisposable
{
    private const string SnapshotName = "00000000000000000000-0000000000.checkpoint";

    private readonly string _root = Directory.CreateTempSubdirectory("kafkacompat-format-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_first_snapshot_is_Kafkas_but_for_ids_and_times()
    {
        var kafkas = Path.Combine(ReferenceFolder.Extract("basic", _root), "data", "__cluster_metadata-0", SnapshotName);
        var folder = Path.Combine(_root, "ours");
        var controller = QuorumSnapshot.Read(File.ReadAllBytes(kafkas)).Voters!.Voters[0].Endpoints[0];
        DirectoryFormat.Prepare(
            new DiskFileStore(),
            QuorumHost.Config(folder, ("listeners", $"PLAINTEXT://localhost:1,CONTROLLER://localhost:{controller.Port}"),
                ("controller.quorum.bootstrap.servers", "localhost:1")),
            TimeProvider.System.GetUtcNow(), new Random(1));
        var ours = Path.Combine(folder, "__cluster_metadata-0", SnapshotName);
        Assert.Equal(Text(kafkas), Text(ours));
        Assert.Equal(new FileInfo(kafkas).Length, new FileInfo(ours).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(ours));
        }

        Assert.Equal([SnapshotName], Directory.GetFiles(Path.Combine(folder, "__cluster_metadata-0")).Select(Path.GetFileName));
        Assert.Equal(["meta.properties"], Directory.GetFiles(folder).Select(Path.GetFileName));
    }

    [Fact]
    public void The_identity_file_is_Kafkas_but_for_ids_and_times()
    {
        var kafkas = File.ReadAllText(Path.Combine(ReferenceFolder.Extract("basic", _root), "data", "meta.properties"));
        var folder = Path.Combine(_root, "ours");
        DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder), TimeProvider.System.GetUtcNow(), new Random(1));
        Assert.Equal(Shape(kafkas), Shape(File.ReadAllText(Path.Combine(folder, "meta.properties"))));

        static string Shape(string text) => Regex.Replace(Regex.Replace(text, "[A-Za-z0-9_-]{22}", "ID"), "#[A-Z].*", "#TIME");
    }

    [Fact]
    public void A_formatted_directory_is_left_as_it_is()
    {
        var folder = Path.Combine(_root, "ours");
        var first = DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder), TimeProvider.System.GetUtcNow(), new Random(1));
        var snapshot = File.ReadAllBytes(Path.Combine(folder, "__cluster_metadata-0", SnapshotName));
        Assert.Equal(first, DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder), TimeProvider.System.GetUtcNow(), new Random(2)));
        Assert.Equal(snapshot, File.ReadAllBytes(Path.Combine(folder, "__cluster_metadata-0", SnapshotName)));
    }

    [Fact]
    public void A_formatting_that_was_cut_off_is_done_again()
    {
        var folder = Path.Combine(_root, "ours");
        DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder), TimeProvider.System.GetUtcNow(), new Random(1));
        File.Delete(Path.Combine(folder, "meta.properties"));
        var again = DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder), TimeProvider.System.GetUtcNow(), new Random(2));
        var voter = QuorumSnapshot.Read(File.ReadAllBytes(Path.Combine(folder, "__cluster_metadata-0", SnapshotName))).Voters!.Voters[0];
        Assert.Equal(new ReplicaKey(1, again.DirectoryId!.Value), voter.Key);
    }

    [Fact]
    public void A_configured_quorum_has_its_voters_in_the_settings_and_not_in_the_log()
    {
        var folder = Path.Combine(_root, "ours");
        DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder, ("controller.quorum.voters", "1@localhost:19093")),
            TimeProvider.System.GetUtcNow(), new Random(1));
        var snapshot = QuorumSnapshot.Read(File.ReadAllBytes(Path.Combine(folder, "__cluster_metadata-0", SnapshotName)));
        Assert.Null(snapshot.Voters);
        Assert.Equal(0, snapshot.KRaftVersion);
    }

    [Theory]
    [InlineData("bad-meta-missing", "No readable meta.properties files found")]
    [InlineData("bad-meta-version", "version 0 needs broker.id, which is missing")]
    [InlineData("bad-node-id", "Stored node id 7 doesn't match previous node id 1 in")]
    public void A_directory_that_Kafka_refuses_is_refused_with_one_line(string name, string line)
    {
        var folder = Path.Combine(ReferenceFolder.Extract(name, _root), "data");
        var refused = Assert.Throws<QuorumStateException>(() =>
            DirectoryFormat.Prepare(new DiskFileStore(), QuorumHost.Config(folder), TimeProvider.System.GetUtcNow(), new Random(1)));
        Assert.Contains(line, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    /// <summary>The batches of a file, without what every formatting draws anew.</summary>
    private static List<string> Text(string path) => [.. QuorumBatchCodec.Decode(File.ReadAllBytes(path)).Select(batch =>
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (var control in batch.Controls)
            {
                control.WriteJson(json, 0);
            }

            foreach (var record in batch.Records)
            {
                record.Message.WriteJson(json, record.Version);
            }

            json.WriteEndArray();
        }

        var text = Regex.Replace(Encoding.UTF8.GetString(stream.ToArray()), "\"lastContainedLogTimestamp\":\\d+|\"voterDirectoryId\":\"[^\"]+\"", "");
        return $"{batch.BaseOffset}-{batch.LastOffset} epoch {batch.Epoch} {batch.SizeInBytes} bytes {text}";
    })];
}
