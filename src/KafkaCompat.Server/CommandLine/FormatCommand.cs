using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Settings;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.CommandLine;

/// <summary>
/// <c>kafkacompat format</c>: makes data directories of empty ones, as <c>kafka-storage format</c> does. A node formats its directories itself where all are
/// empty; this is for a disk that comes to others, for features of an earlier release, and for scripts that format first.
/// </summary>
internal static class FormatCommand
{
    public static Task<int> Run(ProgramArguments arguments, ProgramOutput output)
    {
        var options = FormatOptions.Parse(arguments.Rest);
        if (options.WantsHelp)
        {
            Console.Out.WriteLine(FormatOptions.Usage);
            return Task.FromResult(0);
        }

        var settings = ProgramSettings.Gather(new NodeArguments(options.File, []));
        var config = settings.ToConfig();
        output.Format = config.LogFormat;
        foreach (var line in Format(options, settings, config))
        {
            // The directories are formatted, whether or not somebody can read of it.
            output.Print(line);
        }

        return Task.FromResult(0);
    }

    /// <summary>The same over the disk, where a refusal says of a setting where it stands.</summary>
    private static IReadOnlyList<string> Format(FormatOptions options, ProgramSettings settings, ServerConfig config)
    {
        try
        {
            return Format(options, config, new DiskFileStore(), TimeProvider.System.GetUtcNow(), Random.Shared);
        }
        catch (Exception e) when (settings.Placed(e) is { } problems)
        {
            throw new ConfigurationException(problems);
        }
    }

    /// <summary>Formats what is to be formatted; a line for each directory.</summary>
    /// <exception cref="ConfigurationException">What is asked for cannot be.</exception>
    internal static IReadOnlyList<string> Format(FormatOptions options, ServerConfig config, IFileStore files, DateTimeOffset now, Random random)
    {
        FoundDirectories.RequireDistinct(files, config);
        var metadata = config.MetadataLogDir;
        var directories = config.NodeDirs.ToList();
        var metas = directories.ToDictionary(static directory => directory, directory => MetaProperties.Read(files, directory), StringComparer.Ordinal);
        var formatted = directories.FindAll(directory => metas[directory] is not null);
        var clusterId = ClusterId(options, config, formatted, metas, random);

        // Whatever there is to format: what is asked for is checked first, as kafka-storage does.
        var settings = Settings(options, config, clusterId, random);
        if (formatted.Count > 0 && !options.IgnoresFormatted)
        {
            throw new ConfigurationException($"{formatted[0]} is formatted already. --ignore-formatted skips it and formats the others.");
        }

        if (formatted.Count == directories.Count)
        {
            return ["All directories are formatted already."];
        }

        if (metas[metadata] is null && formatted.Count > 0)
        {
            throw new ConfigurationException(
                $"The metadata log's directory {metadata} is not formatted, while {formatted[0]} is. A new metadata log would not know the topics of the "
                + "other directories.");
        }

        var empty = directories.Except(formatted, StringComparer.Ordinal).ToList();
        RequireEmpty(files, empty);
        var locks = new List<IDisposable>();
        try
        {
            foreach (var directory in empty) locks.Add(Lock(files, directory));

            // A node may have begun there between the look and the lock, and ended again.
            RequireEmpty(files, empty);
            DirectoryFormat.Format(files, empty, metadata, settings, now, random);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{string.Join(", ", empty)} cannot be formatted: {e.Message}");
        }
        finally
        {
            locks.ForEach(static held => held.Dispose());
        }

        var level = ((FeatureLevelRecord)settings.Records[0].Message).FeatureLevel;
        return empty.ConvertAll(directory => directory == metadata
            ? string.Create(CultureInfo.InvariantCulture,
            $"Formatted {directory} for node {config.NodeId} of cluster {clusterId}, with the metadata log at metadata.version "
            + $"{FeatureCatalog.MetadataVersion(level).Name}.")
            : string.Create(CultureInfo.InvariantCulture, $"Formatted {directory} for node {config.NodeId} of cluster {clusterId}."));
    }

    private static void RequireEmpty(IFileStore files, List<string> directories)
    {
        if (directories.Find(directory => MetaProperties.Read(files, directory) is not null) is { } formatted)
        {
            throw new ConfigurationException($"{formatted} was formatted by another process meanwhile.");
        }

        if (directories.Find(directory => DirectoryContent.DataIn(files, directory) is not null) is { } used)
        {
            throw new ConfigurationException(
                $"{used} holds data and has no meta.properties: there is {DirectoryContent.DataIn(files, used)}. The data may belong to another node. Format "
                + "an empty directory, or remove the data.");
        }
    }

    /// <summary>A directory as a node takes it: none that runs has it, and none can begin to use it meanwhile.</summary>
    private static IDisposable Lock(IFileStore files, string directory)
    {
        files.CreateFolder(directory);
        return files.TryLock(Path.Combine(directory, LogDirectory.LockFileName))
            ?? throw new ConfigurationException($"A running broker uses {directory}: it holds the lock on {LogDirectory.LockFileName} there. Stop it first.");
    }

    private static string ClusterId(FormatOptions options, ServerConfig config, List<string> formatted, Dictionary<string, MetaProperties?> metas,
        Random random)
    {
        foreach (var directory in formatted)
        {
            var meta = metas[directory]!;
            if (options.ClusterId is { } wanted && meta.ClusterId != wanted)
            {
                throw new ConfigurationException($"{directory} belongs to cluster {meta.ClusterId}, not {wanted}.");
            }

            if (meta.NodeId != config.NodeId)
            {
                throw new ConfigurationException($"{directory} belongs to node {meta.NodeId}, and node.id is {config.NodeId}.");
            }
        }

        var id = options.ClusterId ?? (formatted.Count > 0 ? metas[formatted[0]]!.ClusterId : config.ClusterId ?? RandomIds.Next(random).ToString());
        return id.Trim().Length > 0 ? id : throw new ConfigurationException("--cluster-id is empty. kafkacompat random-uuid prints one.");
    }

    private static FormatSettings Settings(FormatOptions options, ServerConfig config, string clusterId, Random random)
    {
        var isStatic = config.Node.StaticVoters.Count > 0;
        if (isStatic && (options.IsStandalone || options.InitialControllers is not null))
        {
            throw new ConfigurationException(
                "controller.quorum.voters is set and names the voters, so the metadata log names none. Remove it, or leave out --standalone and "
                + "--initial-controllers.");
        }

        var levels = new Dictionary<string, short>(options.Features, StringComparer.Ordinal);
        if (levels.Remove(FormatFeatures.KRaftVersion, out var kraft) && kraft != (isStatic ? 0 : 1))
        {
            throw new ConfigurationException(isStatic
                ? $"kraft.version={kraft} needs voters in the metadata log, and controller.quorum.voters is set."
                : $"kraft.version={kraft} needs controller.quorum.voters, which is not set.");
        }

        var release = options.Release;
        if (levels.Remove(FeatureNames.MetadataVersion, out var metadata))
        {
            release = release is null && metadata >= FeatureCatalog.Feature(FeatureNames.MetadataVersion).Lowest
                && FeatureCatalog.MetadataVersion(metadata) is var version && version.Level == metadata
                ? version.Name
                : throw new ConfigurationException(
                $"--feature metadata.version={metadata} names a level that does not exist, or contradicts --release-version.");
        }

        var records = new List<VersionedRecord>(FormatFeatures.Of(release, levels));
        records.AddRange(options.Credentials.Select(text => new VersionedRecord(ScramCredential.Parse(text, random), 0)));
        var controller = config.Listeners.AdvertisedOfController.FirstOrDefault();
        var endpoint = isStatic || controller is null ? null : new Endpoint(controller.Name, controller.Host, controller.Port, 0);
        var settings = new FormatSettings(config.NodeId, clusterId, endpoint) { Records = records };
        return options.InitialControllers is { } text ? Chosen(settings, text) : settings;
    }

    /// <summary>ID@HOST:PORT:DIRECTORY_ID of this node.</summary>
    private static FormatSettings Chosen(FormatSettings settings, string text)
    {
        if (text.Contains(',', StringComparison.Ordinal))
        {
            throw new ConfigurationException("--initial-controllers names several controllers. A quorum of several nodes is not served yet.");
        }

        var at = text.IndexOf('@', StringComparison.Ordinal);
        var last = text.LastIndexOf(':');
        var colon = last > 0 ? text.LastIndexOf(':', last - 1) : -1;
        if (at < 1 || colon < at || !int.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var node)
            || !ushort.TryParse(text.AsSpan(colon + 1, last - colon - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || !Uuid.TryParse(text.AsSpan(last + 1), out var directory) || DirectoryIds.IsReserved(directory))
        {
            throw new ConfigurationException($"--initial-controllers needs ID@HOST:PORT:DIRECTORY_ID, not {text}.");
        }

        return node == settings.NodeId
            ? settings with { DirectoryId = directory, ControllerEndpoint = settings.ControllerEndpoint! with { Host = text[(at + 1)..colon], Port = port } }
            : throw new ConfigurationException($"--initial-controllers names node {node}, and node.id is {settings.NodeId}.");
    }
}
