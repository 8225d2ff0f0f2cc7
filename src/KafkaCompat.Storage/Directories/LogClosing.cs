using System.Collections.Concurrent;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;

namespace KafkaCompat.Storage.Directories;

/// <summary>The logs of a directory are closed as a clean shutdown does, several at a time on the environment's threads for the disk.</summary>
internal static class LogClosing
{
    /// <summary>Logs that are closed side by side: file systems commit what is synced at one moment together.</summary>
    private const int ClosedAtATime = 8;

    /// <summary>Closes all of them, or throws what one of them was refused: the directory then gets no marker, and the next start looks at all.</summary>
    public static async Task CloseAll(LogEnvironment environment, string path, IEnumerable<PartitionLog> logs)
    {
        var waiting = new ConcurrentQueue<PartitionLog>(logs.OrderBy(static log => log.Folder, StringComparer.Ordinal));
        // The names of new folders together, and not each with its log.
        if (waiting.Any(static log => log.IsNameUnsynced))
            await environment.DiskThreads.Run(() => environment.Files.SyncFolder(path));
        var lacking = new ConcurrentQueue<PartitionLog>();
        var closing = Enumerable.Range(0, Math.Min(ClosedAtATime, waiting.Count));
        await Task.WhenAll(closing.Select(_ => environment.DiskThreads.Run(() => CloseNext(waiting, lacking))));
        // The checkpoints and the marker that follow say that all of it is on the disk.
        foreach (var log in logs.Where(log => !log.Health.IsFailed && !lacking.Contains(log)))
            Invariant.Holds(log.RecoveryPoint == log.LogEndOffset, $"{log.Folder}: it is closed with {log.RecoveryPoint} of {log.LogEndOffset} offsets synced");
        // Logs that are closed side by side can lack descriptors together. Nothing else is open by now, and one alone needs a few.
        if (!lacking.IsEmpty)
        {
            await environment.DiskThreads.Run(() =>
            {
                foreach (var log in lacking)
                    log.Close(isNameDurable: true);
            });
        }
    }

    private static void CloseNext(ConcurrentQueue<PartitionLog> waiting, ConcurrentQueue<PartitionLog> lacking)
    {
        try
        {
            while (waiting.TryDequeue(out var next))
            {
                try
                {
                    next.Close(isNameDurable: true);
                }
                catch (KafkaStorageException refused) when (FileShortage.IsOfDescriptors(refused))
                {
                    lacking.Enqueue(next);
                }
            }
        }
        catch
        {
            // Without the marker the next start looks at all of them.
            waiting.Clear();
            throw;
        }
    }
}
