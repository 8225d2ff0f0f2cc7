using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Settings;
using KafkaCompat.Server.Surroundings;
using KafkaCompat.Server.Transport;

namespace KafkaCompat.Server;

/// <summary>The program <c>kafkacompat</c>.</summary>
internal static class Program
{
    /// <summary>Names no other assembly, not even in a type: whether they can be loaded is what is asked first.</summary>
    public static Task<int> Main(string[] args) => DescriptorFloor.Refuses() ? Task.FromResult(1) : Run(args);

    private static async Task<int> Run(string[] args)
    {
        // Before anything opens a file or touches a socket.
        ProcessSurroundings.Prepare();
        SocketTransport.CompleteInline();
        using var stdout = ProcessSurroundings.OpenStream(StandardStream.OutputDescriptor);
        using var stderr = ProcessSurroundings.OpenStream(StandardStream.ErrorDescriptor);
        var output = new ProgramOutput(stdout, stderr, TimeProvider.System);
        // A thread's exception would end the process with a signal and a core file.
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
            Environment.Exit(StartFailure.Report(unhandled.ExceptionObject as Exception, output, withStack: true));
        try
        {
            var arguments = ProgramArguments.Parse(args);
            return await arguments.Command.Run(arguments, output).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            output.Format = EarlyLogFormat.Of(args);
            return StartFailure.Report(e, output);
        }
    }
}
