using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace KafkaCompat.Fuzz.Engine;

/// <summary>
/// Runs this program again from a copy whose assemblies count their edges. The copy is made by SharpFuzz's rewriter, which has to happen before the
/// assemblies are loaded.
/// </summary>
internal static class Instrumentation
{
    /// <summary>Stands first among the arguments of the program that runs from the copy.</summary>
    public const string Argument = "--instrumented";

    private static readonly string[] Assemblies = ["KafkaCompat.Protocol.dll", "KafkaCompat.Storage.dll", "KafkaCompat.Cluster.dll", "KafkaCompat.Broker.dll"];

    /// <summary>The exit code of the program that ran from the copy.</summary>
    public static int Run(IEnumerable<string> arguments)
    {
        var copy = Directory.CreateTempSubdirectory("kafkacompat-fuzz-").FullName;
        try
        {
            foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            // The options' constructor is the library's own; all of them off is what is wanted.
            var options = (SharpFuzz.Options)RuntimeHelpers.GetUninitializedObject(typeof(SharpFuzz.Options));
            foreach (var assembly in Assemblies)
            {
                _ = SharpFuzz.Fuzzer.Instrument(Path.Combine(copy, assembly), static _ => true, options).Count();
            }

            var start = new ProcessStartInfo(Environment.ProcessPath!);
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            {
                start.ArgumentList.Add(Path.Combine(copy, "KafkaCompat.Fuzz.dll"));
            }
            else
            {
                start.FileName = Path.Combine(copy, Path.GetFileName(Environment.ProcessPath)!);
            }

            foreach (var argument in arguments.Prepend(Argument))
            {
                start.ArgumentList.Add(argument);
            }

            using var child = Process.Start(start)!;
            child.WaitForExit();
            return child.ExitCode;
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
