namespace KafkaCompat.Storage.Files;

/// <summary>Whole-file operations that every kind of store shares.</summary>
public static class FileStoreOperations
{
    /// <summary>The largest file that is read into memory whole: checkpoints, snapshots and indexes stay far below.</summary>
    public const int MaxWholeFileBytes = 1 << 30;

    /// <summary>How the name ends under which a file is written before it takes its place.</summary>
    public const string TemporarySuffix = ".tmp";

    public static byte[] ReadAllBytes(this IFileStore files, string path)
    {
        using var file = files.Open(path, FileOpening.Read);
        return file.ReadAllBytes();
    }

    public static byte[] ReadAllBytes(this StoredFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var length = file.Length;
        if (length > MaxWholeFileBytes)
            throw new IOException($"{file.Path} has {length} bytes, and {MaxWholeFileBytes} at most are read at once.");
        var bytes = new byte[(int)length];
        var read = file.Read(0, bytes);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    public static string ReadAllText(this IFileStore files, string path) => System.Text.Encoding.UTF8.GetString(files.ReadAllBytes(path));

    /// <summary>
    /// Puts a file in place so that after a crash there is either the old one or the new one, whole: written beside under
    /// <c>.tmp</c>, synced, renamed, and the folder synced, unless the caller does that for several files at once.
    /// </summary>
    public static void WriteAtomically(this IFileStore files, string path, ReadOnlySpan<byte> content, bool readOnly = false, bool sync = true,
        bool syncFolder = true)
    {
        var temporary = path + TemporarySuffix;
        files.Delete(temporary);
        using (var file = files.Open(temporary, FileOpening.CreateNew))
        {
            file.Write(0, content);
            if (sync)
                file.Sync();
        }
        if (readOnly)
            files.MakeReadOnly(temporary);
        files.Rename(temporary, path);
        if (sync && syncFolder)
            files.SyncFolder(Path.GetDirectoryName(path)!);
    }
}
