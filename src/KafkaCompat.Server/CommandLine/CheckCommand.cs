using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Server.Logging;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.CommandLine;

/// <summary>
/// <c>kafkacompat check</c>: says all that a start would say about its configuration, and starts nothing. It opens no port and writes no file; whether a directory can
/// be served only a start finds out.
/// </summary>
internal static class CheckCommand
{
    private const int Refused = 1;

    /// <summary>Checks what a start with the same arguments and environment would begin with. 0: a start would take it; 1: it would be refused.</summary>
    public static async Task<int> Run(IReadOnlyList<string> arguments, ProgramOutput output)
    {
        var start = ProgramArguments.Parse(arguments);
        if (start.Command != ProgramCommands.Serve) return await start.Command.Run(start, output).ConfigureAwait(false);
        return Check(start, output.Output);
    }

    /// <summary>The same of a node's command line.</summary>
    internal static int Check(ProgramArguments arguments, TextWriter output)
    {
        ProgramSettings settings;
        try
        {
            settings = ProgramSettings.Gather(arguments);
        }
        catch (ConfigurationException e)
        {
            Section(output, "Problems", e.Problems.Select(static problem => problem.Message));
            output.WriteLine("A start would be refused.");
            return Refused;
        }

        var config = settings.TryToConfig(out var problems);
        var lines = problems.Select(static problem => problem.Message).ToList();
        if (config is not null && PreparedDirectories.WhyNoNewCluster(new DiskFileStore(), config) is { } unformattable) lines.Add(unformattable);
        var set = settings.Entries.GroupBy(static entry => entry.Name).ToDictionary(static group => group.Key, static group => group.Last().Value, StringComparer.Ordinal);
        Section(output, "Problems", lines);
        Section(output, "No setting", settings.Notes);
        Section(output, "Without effect", UnservedSettings.WithoutEffect(set).Select(group => $"{string.Join(", ", group.Select(Placed))}: {group.Key}"));
        Section(output, "In effect with a limit", Differing(set).Where(static key => key is { Effect: ConfigEffect.InEffect, Reason.Length: > 0 } && !key.Reason.EndsWith("refused", StringComparison.Ordinal)).Select(key => $"{Placed(key.Name)}: {key.Reason}"));
        Section(
            output, "Other than the default",
            Differing(set).Select(key => $"{key.Name}={SettingsText.Shown(key.Name, set[key.Name]).ReplaceLineEndings(" ")} (default: {key.Default ?? "none"}){(settings.OriginOf(key.Name) is { } origin ? $" {origin}" : "")}"));
        output.WriteLine(lines.Count == 0 ? "A start would take this configuration." : "A start would be refused.");
        return lines.Count == 0 ? 0 : Refused;

        string Placed(string name) => settings.OriginOf(name) is { } origin ? $"{name} ({origin})" : name;
    }

    private static IEnumerable<ConfigKey> Differing(Dictionary<string, string> set) =>
        ConfigCatalog.Broker.Where(key => set.TryGetValue(key.Name, out var value) && key.Render(value) != key.Render(key.Default));

    private static void Section(TextWriter output, string title, IEnumerable<string> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0) return;
        output.WriteLine($"{title}:");
        foreach (var line in all) output.WriteLine($"  {line.ReplaceLineEndings(" ")}");
    }
}
