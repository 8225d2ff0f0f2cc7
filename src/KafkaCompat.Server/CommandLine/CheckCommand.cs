using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Listeners;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Settings;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.CommandLine;

/// <summary>
/// <c>kafkacompat check</c>: says what a start would say about its settings, its directories and its addresses, and starts nothing. It writes no file, takes no
/// lock and listens nowhere. What the files of a directory hold beside its meta.properties only a start finds out.
/// </summary>
internal static class CheckCommand
{
    private const int Refused = 1;

    /// <summary>
    /// Checks what a start with the same arguments and environment would begin with. 0: a start would take it; 1: it would be refused, or not be ready.
    /// </summary>
    public static async Task<int> Run(IReadOnlyList<string> arguments, ProgramOutput output)
    {
        if (arguments.Count > 0 && ProgramCommands.Find(arguments[0]) is { } command)
            throw new ConfigurationException($"check takes what a start takes; {command.Word} is a command.");
        var start = ProgramArguments.Parse(arguments);
        if (start.Command != ProgramCommands.Serve) return await start.Command.Run(start, output).ConfigureAwait(false);
        return Check(start.Node, output.Output);
    }

    /// <summary>The same of a node's command line.</summary>
    internal static int Check(NodeArguments arguments, TextWriter output)
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
        var (directories, inUse, cluster, existing) = (config ?? settings.ToDirectoriesAlone()) is { } looked
            ? Directories(looked, settings, lines, isWhole: config is not null)
            : ([], [], null, null);
        if (config is not null) Addresses(config, settings, lines, isRunning: inUse.Count > 0);
        var set = settings.Entries.GroupBy(static entry => entry.Name)
            .ToDictionary(static group => group.Key, static group => group.Last().Value, StringComparer.Ordinal);
        Section(output, "Problems", lines);
        if (config is not null)
            Section(output, "Node", [$"node {config.NodeId} of {(cluster is null ? "a new cluster, whose id its first start makes" : $"cluster {cluster}")}"]);
        Section(output, "Directories", directories);
        var topics = (config is null ? [] : InitialTopics.Problems(config))
            .ToLookup(topic => existing?.Contains(topic.Topic) == false, static topic => topic.Line);
        Section(output, "Topics that are not created", topics[true]);
        Section(output, "Topics that are not created where they do not exist", topics[false]);
        Section(output, "No setting", settings.Notes);
        Section(output, "Without effect", UnservedSettings.WithoutEffect(set).Select(group => $"{string.Join(", ", group.Select(Placed))}: {group.Key}"));
        Section(output, "In effect with a limit",
            Differing(set)
            .Where(static key => key is { Effect: ConfigEffect.InEffect, Reason.Length: > 0 } && !key.Reason.EndsWith("refused", StringComparison.Ordinal))
            .Select(key => $"{Placed(key.Name)}: {key.Reason}"));
        Section(
            output, "Other than the default",
            Differing(set)
                .Select(key =>
                $"{key.Name}={SettingsText.Shown(key.Name, set[key.Name]).ReplaceLineEndings(" ")} (default: "
                + $"{key.Default ?? "none"}){(settings.OriginOf(key.Name) is { } origin ? $" {origin}" : "")}"));
        var isReady = !topics[true].Any();
        output.WriteLine(lines.Count > 0
            ? "A start would be refused."
            : !isReady ? $"A start would take this configuration, and the node would not be ready: it lacks topics of {OwnSettings.Topics.Name}."
            : inUse.Count > 0 ? "A start would take this configuration once the broker that runs has ended." : "A start would take this configuration.");
        return lines.Count == 0 && isReady ? 0 : Refused;

        string Placed(string name) => settings.OriginOf(name) is { } origin ? $"{name} ({origin})" : name;
    }

    /// <summary>
    /// What a start would find in each directory, which of them a broker uses that runs, and the topics there, null where nobody knows; adds to
    /// <paramref name="lines"/> what stands in the way. Where other settings are wrong that is only what the directories themselves tell: whose they should be
    /// is not known.
    /// </summary>
    private static (IReadOnlyList<string> States, IReadOnlyList<string> InUse, string? ClusterId, IReadOnlySet<string>? Topics) Directories(
        ServerConfig config, ProgramSettings settings, List<string> lines, bool isWhole)
    {
        FoundDirectories? look = null;
        try
        {
            NodeHost.RequireFolder(config);
            look = FoundDirectories.Look(new DiskFileStore(), config);
            if (isWhole) look.Require();
            else FoundDirectories.RequireDistinct(new DiskFileStore(), config);
        }
        catch (Exception e) when (settings.Placed(e) is { } problems)
        {
            lines.AddRange(problems.Select(static problem => problem.Message));
        }
        catch (Exception e) when (StartFailure.IsForeseen(e))
        {
            lines.Add(e.Message);
        }

        // What a directory says counts over the setting, which is for a new cluster.
        var cluster = look?.Metas.GetValueOrDefault(config.MetadataLogDir)?.ClusterId ?? config.ClusterId;
        try
        {
            var inUse = look?.InUse ?? [];
            return ([.. (look?.States() ?? [])
                .Select(each => $"{each.Directory} {each.State}{(inUse.Contains(each.Directory) ? "; a broker that runs uses it" : "")}")], inUse, cluster,
                look?.Topics());
        }
        catch (Exception e) when (StartFailure.IsForeseen(e))
        {
            // A directory whose files cannot be looked at: the line is there already.
            return ([], [], cluster, null);
        }
    }

    /// <summary>
    /// Adds to <paramref name="lines"/> which listeners could not be bound. Ports that are in use while a broker runs in these directories are that broker's.
    /// </summary>
    private static void Addresses(ServerConfig config, ProgramSettings settings, List<string> lines, bool isRunning)
    {
        foreach (var listener in config.Listeners.All) Add(BoundListener.WhyNot(listener));
        if (config.HttpListener is { } http && config.IsSet(OwnSettings.HttpListener.Name)) Add(BoundListener.WhyNot(http, OwnSettings.HttpListener.Name));

        void Add((SettingProblem Problem, bool IsInUse)? found)
        {
            if (found is var (problem, isInUse) && !(isInUse && isRunning)) lines.Add(settings.Placed([problem])[0].Message);
        }
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
