using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.DataDirectories;

/// <summary>
/// Directories that Kafka does not start over. Those whose damage lies in the quorum's files or in the relation to the controller are not for the logs to
/// refuse: they must open here.
/// </summary>
internal sealed class RefusedDirectory(ReferenceArchive archive)
{
    private static readonly HashSet<string> s_refusedAbove = ["bad-directory-id", "bad-quorum-state"];

    public void Check()
    {
        foreach ((var node, var path) in archive.LogDirectories())
        {
            var environment = new LogEnvironment(new DiskFileStore(), new FixedClock(archive.StartedAtMs), new Random(1));
            if (s_refusedAbove.Contains(archive.Name))
                Open(environment, path, node);
            else
                _ = Assert.Throws<LogCorruptionException>(() => Open(environment, path, node));
        }
    }

    private static void Open(LogEnvironment environment, string path, int node)
    {
        using var directory = LogDirectory.Open(environment, path);
        // What the program checks before anything else.
        if (directory.Meta is not { } meta || meta.NodeId != node)
            throw new LogCorruptionException($"The directory is of node {directory.Meta?.NodeId}, not {node}.");
        _ = directory.ReadHighWatermarks();
        directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
    }
}
