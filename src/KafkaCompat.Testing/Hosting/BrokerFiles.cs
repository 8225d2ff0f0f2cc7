using KafkaCompat.Storage.Files;
using KafkaCompat.Testing.Files;

namespace KafkaCompat.Testing.Hosting;

/// <summary>What outlives the lives of a broker: its files, wherever they are.</summary>
internal sealed class BrokerFiles : IDisposable
{
    /// <summary>In memory every broker may have the same path: it is a store of its own.</summary>
    private const string MemoryPath = "/memory";

    private readonly bool _isTemporary;

    private BrokerFiles(IFileStore store, string path, bool isTemporary) => (Store, Path, _isTemporary) = (store, path, isTemporary);

    public IFileStore Store { get; }

    public string Path { get; }

    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    public static BrokerFiles Of(KafkaCompatBrokerOptions options, TimeProvider clock) => options.Storage switch
    {
        BrokerStorage.TemporaryDirectory when options.DataDirectory is not null =>
            throw new ArgumentException("A DataDirectory is not temporary: leave BrokerStorage.TemporaryDirectory out, or the DataDirectory."),
        BrokerStorage.Memory when options.DataDirectory is { } path => new(new DiskFileStore(), path, false),
        BrokerStorage.Memory => new(new MemoryFileStore(clock), MemoryPath, false),
        BrokerStorage.TemporaryDirectory => new(new DiskFileStore(), Directory.CreateTempSubdirectory("kafkacompat-").FullName, true),
        BrokerStorage.Directory =>
            new(new DiskFileStore(), options.DataDirectory ?? throw new ArgumentException("BrokerStorage.Directory needs a DataDirectory."), false),
        _ => throw new ArgumentException($"There is no storage {options.Storage}."),
    };

    public void Dispose()
    {
        if (_isTemporary) Directory.Delete(Path, recursive: true);
    }
}
