namespace KafkaCompat.Storage.Files;

/// <summary>Tells a shortage that passes from a disk that fails.</summary>
public static class FileShortage
{
    private const int TooManyInSystem = 23;
    private const int TooManyInProcess = 24;
    private const int TooManyOnWindows = unchecked((int)0x80070004);

    /// <summary>What there is to do about it, for lines that tell of it.</summary>
    public const string Remedy = "This process has as many files open as it may. Raise the limit (ulimit -n, LimitNOFILE= of systemd).";

    /// <summary>What opening a file says where what is left of the descriptors is not for files.</summary>
    public static IOException OfDescriptors(string path) => new($"Too many open files : '{path}'", TooManyInProcess);

    /// <summary>
    /// Whether a file could not be opened because the process or the system has as many open as it may. Nothing was changed then, and the disk is as good as
    /// before.
    /// </summary>
    public static bool IsOfDescriptors(Exception failure) => OperatingSystem.IsWindows()
        ? failure.HResult == TooManyOnWindows
        : failure is IOException && failure.HResult is TooManyInSystem or TooManyInProcess;
}
