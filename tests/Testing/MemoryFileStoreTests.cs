using KafkaCompat.Storage.Files;
using KafkaCompat.Testing.Files;
using Xunit;

namespace KafkaCompat.Testing.Tests;

/// <summary>Files in memory do what files of the disk do: the same random operations on both leave the same bytes and names.</summary>
public sealed class MemoryFileStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-store-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_file_holds_what_the_disk_holds(int seed)
    {
        var random = new Random(seed);
        var (memory, disk) = (Store(out var path), new DiskFileStore());
        using var ours = memory.Open(path + "/file", FileOpening.CreateNew);
        using var theirs = disk.Open(path + "/file", FileOpening.CreateNew);
        var bytes = new byte[200_000];
        random.NextBytes(bytes);
        for (var i = 0; i < 300; i++)
        {
            var position = random.Next(300_000);
            if (random.Next(4) == 0)
            {
                ours.SetLength(position);
                theirs.SetLength(position);
            }
            else
            {
                var part = bytes.AsSpan(0, random.Next(random.Next(2) == 0 ? 100 : bytes.Length));
                ours.Write(position, part);
                theirs.Write(position, part);
            }

            Assert.Equal(theirs.Length, ours.Length);
            Assert.Equal(Read(theirs), Read(ours));
        }

        static byte[] Read(StoredFile file)
        {
            var buffer = new byte[file.Length + 10];
            return buffer[..file.Read(0, buffer)];
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Folders_hold_what_the_disk_holds(int seed)
    {
        var random = new Random(seed);
        var (memory, disk) = (Store(out var root), new DiskFileStore());
        string[] names = ["a", "b", "ab", "a.tmp"];
        for (var i = 0; i < 500; i++)
        {
            var (first, second, act) = (Any(), Any(), random.Next(7));
            Assert.Equal(Outcome(disk, act, first, second), Outcome(memory, act, first, second));
            Assert.Equal(Tree(disk, root), Tree(memory, root));
        }

        string Any() => random.Next(2) == 0 ? $"{root}/{names[random.Next(4)]}" : $"{root}/{names[random.Next(4)]}/{names[random.Next(4)]}";
    }

    [Fact]
    public async Task Deleted_topics_give_their_memory_back()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["large"] });
        using var producer = broker.Producer();
        var empty = broker.MemoryBytes;
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => producer.Send("large", new string('x', 50_000))));
        Assert.True(broker.MemoryBytes > empty + 5_000_000);
        await broker.DeleteTopicAsync("large");
        await Clients.Until(() => broker.MemoryBytes < empty + 1_000_000, "the files are gone");
    }

    private MemoryFileStore Store(out string root)
    {
        root = _folder.FullName.Replace('\\', '/');
        var store = new MemoryFileStore(TimeProvider.System);
        store.CreateFolder(root);
        return store;
    }

    /// <summary>Whether it was done; both refuse the same, each with a text of its own.</summary>
    private static bool Outcome(IFileStore store, int act, string path, string other)
    {
        try
        {
            switch (act)
            {
                case 0: store.Open(path, FileOpening.CreateNew).Dispose(); break;
                case 1: store.Open(path, FileOpening.OpenOrCreate).Dispose(); break;
                case 2: store.Open(path, FileOpening.ReadWrite).Dispose(); break;
                // What the log engine never asks, systems answer each in a way of their own.
                case 3 when store.FileExists(path) && !store.FolderExists(other): store.Rename(path, other); break;
                case 4 when store.FolderExists(path) && !store.FileExists(other) && !store.FolderExists(other)
                    && !other.StartsWith(path + "/", StringComparison.Ordinal):
                    store.Rename(path, other); break;
                case 5 when !store.FolderExists(path): store.Delete(path); break;
                case 6 when !store.FileExists(path): store.DeleteFolder(path); break;
            }

            if (act == 4 && !store.FileExists(path) && store.FolderExists(Path.GetDirectoryName(path)!)) store.CreateFolder(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static List<string> Tree(IFileStore store, string folder) =>
    [
        .. store.List(folder).OrderBy(static entry => entry.Name, StringComparer.Ordinal)
            .SelectMany(entry => entry.IsFolder
                ? Tree(store, $"{folder}/{entry.Name}").Prepend($"{folder}/{entry.Name}/")
                : [$"{folder}/{entry.Name} {entry.Length}"]),
    ];
}
