namespace KafkaCompat.Server.CommandLine;

/// <summary>The commands of the program.</summary>
internal enum ProgramCommand
{
    Serve,
    Decode,
    Health,
    Version,
    Help,
}
