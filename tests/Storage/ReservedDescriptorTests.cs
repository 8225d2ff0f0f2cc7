using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>The last descriptors are for the runtime, which ends the process without them.</summary>
public sealed class ReservedDescriptorTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-descriptors-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(FileOpening.CreateNew)]
    [InlineData(FileOpening.OpenOrCreate)]
    [InlineData(FileOpening.Read)]
    public void AFileThatWouldTakeAReservedOneIsNotOpenedAndNothingIsMade(FileOpening opening)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows counts no descriptors.");
        var path = Path.Combine(_folder.FullName, "log");
        if (opening == FileOpening.Read)
            new DiskFileStore().Open(path, FileOpening.CreateNew).Dispose();
        var files = new DiskFileStore(firstReservedDescriptor: 3);
        var refused = Assert.Throws<IOException>(() => files.Open(path, opening));
        Assert.True(FileShortage.IsOfDescriptors(refused));
        Assert.Contains("Too many open files", refused.Message, StringComparison.Ordinal);
        Assert.Equal(opening == FileOpening.Read, File.Exists(path));
        // Others of its kind are, and so is this one when the node stops.
        new DiskFileStore(firstReservedDescriptor: int.MaxValue).Open(path, FileOpening.OpenOrCreate).Dispose();
        files.GiveReserved();
        files.Open(path, FileOpening.Read).Dispose();
        Assert.True(File.Exists(path));
    }
}
