using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Logging;

/// <summary>How the program ends over an exception: a line for each problem and an exit code, whatever the exception's type.</summary>
internal static class StartFailure
{
    /// <summary>A setting, a port or a directory stands in the way.</summary>
    private const int Refused = 1;

    /// <summary>Whether a failure is one of settings, files or a disk, whose message says all that there is to know.</summary>
    public static bool IsForeseen(Exception? exception) =>
        exception is ConfigurationException or IOException or UnauthorizedAccessException or QuorumStateException
            or MetadataCorruptException or LogCorruptionException;

    /// <summary>
    /// Whether a message explains a failure by itself: a disk or a file, whose place in the program says nothing to whoever mends it. The end
    /// of a stream is neither: who reads past it is a fault of the program.
    /// </summary>
    public static bool IsExplainedByMessage(Exception exception) => IsForeseen(exception) && exception is not EndOfStreamException;

    /// <summary>The message of an exception, and those of its causes that it does not repeat.</summary>
    public static string Reasons(Exception exception)
    {
        var reasons = exception.Message;
        for (var cause = exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (!reasons.Contains(cause.Message, StringComparison.Ordinal)) reasons = $"{reasons} {cause.Message}";
        }

        return reasons;
    }

    /// <summary>
    /// Reports what stands in the way. An unforeseen failure is named by its type, and any failure comes with its stack where that is asked for: a node that
    /// ran may never again come to where it failed. Returns the exit code.
    /// </summary>
    public static int Report(Exception? exception, ProgramOutput output, bool withStack = false)
    {
        switch (exception)
        {
            case ConfigurationException wrong:
                foreach (var problem in wrong.Problems) output.Say(LogLevel.Critical, problem.Message);
                break;
            case not null when IsForeseen(exception):
                output.Say(LogLevel.Critical, exception.Message);
                break;
            case InvariantException:
                output.Say(LogLevel.Critical, exception.Message);
                break;
            case OutOfMemoryException:
                output.Say(LogLevel.Critical,
                    "The system gave this process less memory than it needs. Raise its limit (ulimit -v, the memory of its container), or free memory.");
                break;
            default:
                output.Say(LogLevel.Critical,
                    $"{exception?.GetType().Name}: {exception?.Message} This is a fault of the program; KAFKA_LOG_LEVEL=DEBUG shows where it is.");
                break;
        }

        if (exception is not null && (withStack || Environment.GetEnvironmentVariable("KAFKA_LOG_LEVEL")?.ToUpperInvariant() is "DEBUG" or "TRACE"))
            output.Errors.WriteLine(exception);
        // Whoever called may end the process with the code.
        output.Errors.Flush();
        return Refused;
    }
}
