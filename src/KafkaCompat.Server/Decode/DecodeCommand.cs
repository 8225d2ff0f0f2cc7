using System.Buffers;
using System.Globalization;
using System.Text;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Server.Decode;

/// <summary><c>kafkacompat decode</c>: prints a captured frame, a file of a data directory or a metadata log as text.</summary>
internal static class DecodeCommand
{
    public static int Run(IReadOnlyList<string> arguments, TextWriter output)
    {
        if (arguments.Count == 0 || arguments.Contains("--help"))
        {
            output.WriteLine(DecodeOptions.Usage);
            return 0;
        }

        var options = DecodeOptions.Parse(arguments);
        var whole = true;
        if (options.Hex is not null)
        {
            whole &= Frames(options, FromHex(options.Hex), output);
        }

        foreach (var file in options.Files)
        {
            if (options.Files.Count > 1)
            {
                output.WriteLine($"{file}:");
            }

            whole &= File(options, file, output);
        }

        output.Flush();
        return whole ? 0 : 1;
    }

    private static bool File(DecodeOptions options, string path, TextWriter output)
    {
        if (path == "-")
        {
            using var input = Console.OpenStandardInput();
            return Print(options, input, null, output);
        }

        if (Directory.Exists(path))
        {
            throw new ConfigurationException(
                $"{path} is a folder. decode takes files, a segment of a log for example: {Path.Combine(path, "00000000000000000000.log")}");
        }

        using var stream = System.IO.File.OpenRead(path);
        return Print(options, stream, path, output);
    }

    /// <summary>Prints what is in a stream; <paramref name="path"/> is null for standard input.</summary>
    private static bool Print(DecodeOptions options, Stream stream, string? path, TextWriter output)
    {
        using var copy = new MemoryStream();
        if (!stream.CanSeek)
        {
            // A pipe.
            stream.CopyTo(copy);
            stream = copy;
        }

        if (options.Kind is null && stream.Length == 0)
        {
            output.WriteLine("empty file");
            return true;
        }

        var head = new byte[Math.Min(ContentKind.MaxBytes, stream.Length)];
        stream.Position = 0;
        stream.ReadExactly(head);
        stream.Position = 0;
        var name = Path.GetFileName(path) ?? "";
        var kind = options.Kind ?? KindOf(name) ?? ContentKind.Of(head, stream.Length) ?? (path is null ? DecodeKind.Request : throw Unknown(path));
        if (kind == DecodeKind.Text && KindOf(name) is null && !TextContent.IsOfKafka(Encoding.UTF8.GetString(head)))
        {
            throw new ConfigurationException(
                $"{path ?? "Standard input"} is text and no file of a data directory: those are checkpoints, meta.properties, partition.metadata, "
                    + "quorum-state and .kafka_cleanshutdown.");
        }

        switch (kind)
        {
            case DecodeKind.Batches:
                return new BatchPrinter(output, options.Records ?? ContentOf(path) ?? BatchContent.Of(head), options.Full).Print(stream);
            case DecodeKind.OffsetIndex:
                return IndexPrinter.Offsets(Rest(stream), BaseOffset(name, output), output);
            case DecodeKind.TimeIndex:
                return IndexPrinter.Times(Rest(stream), BaseOffset(name, output), output);
            case DecodeKind.TransactionIndex:
                return IndexPrinter.Transactions(Rest(stream), output);
            case DecodeKind.ProducerSnapshot:
                return IndexPrinter.Producers(Rest(stream), output);
            case DecodeKind.Text:
                return Text(stream, output);
            default:
                return Frames(options, Rest(stream), output);
        }
    }

    private static bool Text(Stream stream, TextWriter output)
    {
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        output.WriteLine(text.TrimEnd());
        if (TextContent.Flaw(text) is not { } flaw) return true;
        output.WriteLine(flaw);
        return false;
    }

    private static byte[] Rest(Stream stream)
    {
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static bool Frames(DecodeOptions options, byte[] bytes, TextWriter output)
    {
        var printer = new FramePrinter(output, options.Full);
        if (options.Kind is not DecodeKind.Response)
        {
            return printer.Requests(new ReadOnlySequence<byte>(bytes));
        }

        return options is { Api: { } api, Version: { } version }
            ? printer.Responses(new ReadOnlySequence<byte>(bytes), FramePrinter.KeyOf(api), version)
            : throw new ConfigurationException("A response does not say what it answers: give --api and --version.");
    }

    /// <summary>What a file's name says of it; null where it says nothing.</summary>
    private static DecodeKind? KindOf(string name) => Path.GetExtension(WithoutSuffix(name)) switch
    {
        ".log" => DecodeKind.Batches,
        ".checkpoint" when char.IsAsciiDigit(name[0]) => DecodeKind.Batches,
        ".index" => DecodeKind.OffsetIndex,
        ".timeindex" => DecodeKind.TimeIndex,
        ".txnindex" => DecodeKind.TransactionIndex,
        ".snapshot" => DecodeKind.ProducerSnapshot,
        _ when name is "meta.properties" or "partition.metadata" or "quorum-state" or ".kafka_cleanshutdown"
            || name.EndsWith("-checkpoint", StringComparison.Ordinal) => DecodeKind.Text,
        _ => null,
    };

    private static ConfigurationException Unknown(string path) =>
        new($"{path} looks like no file of a data directory and like no request. --batches reads it as record batches, --request and --response as captured "
            + "frames.");

    /// <summary>A file that waits to be deleted or swapped in is what it was before.</summary>
    private static string WithoutSuffix(string name)
    {
        foreach (var suffix in (string[])[".deleted", ".cleaned", ".swap", ".part"])
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
            {
                return name[..^suffix.Length];
            }
        }

        return name;
    }

    /// <summary>What the folder of a log says of its records; null where it says nothing.</summary>
    private static RecordContent? ContentOf(string? path)
    {
        var folder = path is null ? "" : Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) ?? "";
        return folder.StartsWith(InternalTopics.ClusterMetadata + "-", StringComparison.Ordinal)
            || path?.EndsWith(".checkpoint", StringComparison.Ordinal) == true ? RecordContent.Metadata
            : folder.StartsWith("__consumer_offsets-", StringComparison.Ordinal) ? RecordContent.Groups
            : folder.StartsWith("__transaction_state-", StringComparison.Ordinal) ? RecordContent.Transactions
            : folder.StartsWith("__share_group_state-", StringComparison.Ordinal) ? RecordContent.Share
            : null;
    }

    /// <summary>The offset of the segment's first record, which is its name. An index counts from there.</summary>
    private static long BaseOffset(string name, TextWriter output)
    {
        if (long.TryParse(name.AsSpan(0, Math.Max(0, name.IndexOf('.', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture,
            out var offset))
        {
            return offset;
        }

        output.WriteLine("The file's name does not say the base offset of the segment; offsets count from it.");
        return 0;
    }

    private static byte[] FromHex(string text)
    {
        try
        {
            return Convert.FromHexString(string.Concat(text.Where(static c => !char.IsWhiteSpace(c) && c != ':')));
        }
        catch (FormatException)
        {
            throw new ConfigurationException("--hex needs pairs of hexadecimal digits.");
        }
    }
}
