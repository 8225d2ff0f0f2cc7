using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// What stands before a line in the log. Under systemd a line goes to the journal, which stamps the time itself and takes the level from a number in angle
/// brackets (SyslogLevelPrefix=); everywhere else the line carries its own time.
/// </summary>
internal readonly record struct LinePrefix(bool IsJournal)
{
    /// <summary>systemd says with it which stream it connected to the journal: device and inode.</summary>
    private const string JournalVariable = "JOURNAL_STREAM";

    /// <summary>For lines written to that descriptor.</summary>
    public static LinePrefix Of(int descriptor) =>
        new(Environment.GetEnvironmentVariable(JournalVariable) is { Length: > 0 } stream && IsStream(descriptor, stream));

    /// <summary>The number of a level as syslog has it, where the line goes to the journal.</summary>
    public string Of(LogLevel level) => !IsJournal ? "" : level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };

    /// <summary>The variable is inherited by programs whose output was sent elsewhere, so it is compared with what the descriptor is.</summary>
    private static bool IsStream(int descriptor, string stream)
    {
        try
        {
            var inode = stream[(stream.IndexOf(':', StringComparison.Ordinal) + 1)..];
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget == $"socket:[{inode}]";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
