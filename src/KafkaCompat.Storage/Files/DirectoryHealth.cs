namespace KafkaCompat.Storage.Files;

/// <summary>
/// Whether a log directory can still be trusted. One failed write or sync fails it for good: after a failed fsync nobody knows which
/// earlier bytes are on the disk, and a second fsync would answer for bytes that the first one has lost.
/// </summary>
public sealed class DirectoryHealth
{
    private Exception? _cause;
    private Exception? _shortage;

    /// <summary>Called once, by the thread that found the failure.</summary>
    public event Action<Exception>? Failed;

    /// <summary>Called with each thing that was refused for lack of descriptors, by the thread that met it.</summary>
    public event Action<Exception>? ShortageMet;

    /// <summary>What was refused last for lack of descriptors; null where nothing was since <see cref="ShortageIsOver"/>.</summary>
    public Exception? Shortage => Volatile.Read(ref _shortage);

    public bool IsFailed => Volatile.Read(ref _cause) is not null;

    public Exception? Cause => Volatile.Read(ref _cause);

    public void Fail(Exception cause)
    {
        if (Interlocked.CompareExchange(ref _cause, cause, null) is null)
            Failed?.Invoke(cause);
    }

    /// <summary>Throws where the directory has failed.</summary>
    public void Require()
    {
        if (Volatile.Read(ref _cause) is { } cause)
            throw new KafkaStorageException("The log directory has failed earlier: " + cause.Message, cause) { HasFailedDirectory = true };
    }

    /// <summary>
    /// The exception to throw for an operation that could not be done and can be tried again: where the process only has too many files open it is refused,
    /// anything else fails the directory. For operations that leave the log as it was. What a part of the operation has judged already stays as it was judged.
    /// </summary>
    public KafkaStorageException RefusedBy(Exception cause)
    {
        if (cause is KafkaStorageException judged)
            return judged;
        if (!FileShortage.IsOfDescriptors(cause))
            return FailedBy(cause);
        Volatile.Write(ref _shortage, cause);
        ShortageMet?.Invoke(cause);
        return new KafkaStorageException(cause.Message, cause);
    }

    /// <summary>Makes a change that leaves things half done where it fails: the directory is failed then.</summary>
    public void OrFail(Action change)
    {
        ArgumentNullException.ThrowIfNull(change);
        try
        {
            change();
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw FailedBy(failure);
        }
    }

    /// <summary>As <see cref="OrFail"/>, for what leaves things whole where it could not be done: <see cref="RefusedBy"/>.</summary>
    public void OrRefuse(Action change)
    {
        ArgumentNullException.ThrowIfNull(change);
        try
        {
            change();
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw RefusedBy(failure);
        }
    }

    /// <summary>A file could be opened again.</summary>
    public void ShortageIsOver() => Volatile.Write(ref _shortage, null);

    /// <summary>Fails the directory and gives the exception to throw.</summary>
    public KafkaStorageException FailedBy(Exception cause)
    {
        Fail(cause);
        return new KafkaStorageException(cause.Message, cause) { HasFailedDirectory = true };
    }
}
