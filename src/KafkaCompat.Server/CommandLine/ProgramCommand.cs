using KafkaCompat.Server.Logging;

namespace KafkaCompat.Server.CommandLine;

/// <summary>A command of the program.</summary>
/// <param name="Word">What stands first on the command line.</param>
/// <param name="Arguments">What may follow it, as help shows it.</param>
/// <param name="Summary">What it does, in one line of help.</param>
/// <param name="Run">Does it and returns the exit code. A <see cref="Broker.Configs.ConfigurationException"/> is printed as one line.</param>
internal sealed record ProgramCommand(string Word, string Arguments, string Summary, Func<ProgramArguments, ProgramOutput, Task<int>> Run);
