namespace KafkaCompat.Storage.Files;

/// <summary>Tells a shortage that passes from a disk that fails.</summary>
public static class FileShortage
{
    private const int TooManyInSystem = 23;
    private const int TooManyInProcess = 24;
    private const int TooManyOnWindows = unchecked((int)0x80070004);

    /// <summary>What there is to do about it, for log lines about it.</summary>
    public const string Remedy = "This process has as many files open as it may. Raise the limit (ulimit -n, LimitNOFILE= of systemd).";

    /// <summary>What opening a file says where what is left of the descriptors is not for files.</summary>
    public static IOException OfDescriptors(string path) => new($"Too many open files : '{path}'", TooManyInProcess);

    /// <summary>
    /// Whether something was refused because the process or the system has as many files open as it may, be that what is thrown or what it was thrown for.
    /// Nothing was changed then, the disk is as good as before, and the same may be tried again. False where a directory has failed of it half-way: that does
    /// not pass.
    /// </summary>
    public static bool IsOfDescriptors(Exception failure)
    {
        for (var each = failure; each is not null; each = each.InnerException)
        {
            if (each is KafkaStorageException { HasFailedDirectory: true })
                return false;
            if (SaysSo(each))
                return true;
        }
        return false;
    }

    private static bool SaysSo(Exception failure) => OperatingSystem.IsWindows()
        ? failure.HResult == TooManyOnWindows
        : failure is IOException && failure.HResult is TooManyInSystem or TooManyInProcess;
}
