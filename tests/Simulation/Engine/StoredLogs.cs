using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>Reads what lies in the logs of a store, which is nobody's reading.</summary>
internal static class StoredLogs
{
    public static bool IsLog(string path) => path.EndsWith(".log", StringComparison.Ordinal);

    public static byte[] Bytes(ForgetfulFileStore store, string path)
    {
        using var file = store.Open(path, FileOpening.Read);
        var bytes = new byte[file.Length];
        _ = file.Read(0, bytes);
        return bytes;
    }

    /// <summary>The files of a folder whose names end so, in the order of their names; none where there is no such folder.</summary>
    public static List<StoredEntry> Files(ForgetfulFileStore store, string folder, params string[] ends) =>
        store.FolderExists(folder)
            ? [.. store.List(folder)
                .Where(entry => !entry.IsFolder && entry.Length > 0 && ends.Any(end => entry.Name.EndsWith(end, StringComparison.Ordinal)))
                .OrderBy(static entry => entry.Name, StringComparer.Ordinal)]
            : [];

    /// <summary>The folder of a partition; null where neither disk has one.</summary>
    public static string? Folder(ForgetfulFileStore store, string partition) =>
        new[] { $"{SimNode.MetadataFolder}/{partition}", $"{SimNode.OtherFolder}/{partition}" }.FirstOrDefault(store.FolderExists);

    /// <summary>Where each whole batch starts, and its header.</summary>
    public static List<(int Position, RecordBatchHeader Header)> Batches(ReadOnlySpan<byte> segment)
    {
        var batches = new List<(int Position, RecordBatchHeader Header)>();
        var position = 0;
        while (RecordBatchHeader.TryRead(segment[position..], out var header) && header.BatchLength > 0 && position + header.SizeInBytes <= segment.Length)
        {
            batches.Add((position, header));
            position += header.SizeInBytes;
        }

        return batches;
    }
}
