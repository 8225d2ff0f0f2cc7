using System.Text;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>
/// Kafka's text checkpoints: a line with the version 0, a line with the number of entries, and a line an entry with its parts between blanks.
/// </summary>
internal static class CheckpointText
{
    private const int Version = 0;

    /// <summary>What separates the parts of an entry; others are part of a word.</summary>
    private static readonly char[] s_blanks = [' ', '\t', '\v', '\f', '\r'];

    /// <summary>
    /// The entries of a file, each cut into as many parts as asked for; empty where the file is absent. As Kafka reads it: a line ends with a line feed, a
    /// carriage return or both, numbers stand alone on their lines, no line is blank, and a file that ends before the number of entries has none.
    /// </summary>
    public static List<string[]> Read(IFileStore files, string path, int parts) =>
        files.FileExists(path) ? Parse(files.ReadAllBytes(path), path, parts) : [];

    /// <summary>As <see cref="Read"/>, of what the file holds.</summary>
    public static List<string[]> Parse(ReadOnlySpan<byte> content, string path, int parts)
    {
        var lines = Lines(Encoding.UTF8.GetString(content));
        if (lines.Length == 0)
            return [];
        if (!JavaNumber.TryInt(lines[0], out var version) || version != Version)
            throw new LogCorruptionException($"{path}: the version is '{lines[0]}', not {Version}.");
        if (lines.Length == 1)
            return [];
        if (!JavaNumber.TryInt(lines[1], out var count))
            throw new LogCorruptionException($"{path}: the second line is not the number of entries.");
        var entries = new List<string[]>(Math.Clamp(count, 0, lines.Length));
        for (var i = 2; i < lines.Length; i++)
        {
            var cells = lines[i].TrimEnd(s_blanks).Split(s_blanks, StringSplitOptions.RemoveEmptyEntries);
            // A blank at the start stands behind a part that is empty.
            if (cells.Length > 0 && s_blanks.Contains(lines[i][0]))
                cells = ["", .. cells];
            if (cells.Length != parts)
                throw new LogCorruptionException($"{path}: line {i + 1} is not an entry: '{lines[i]}'.");
            entries.Add(cells);
        }
        if (entries.Count != count)
            throw new LogCorruptionException($"{path}: the second line announces {count} entries, and the file has {entries.Count}.");
        return entries;
    }

    /// <summary>The damage with what to do: the file can be deleted, and the next start then does what is named.</summary>
    public static LogCorruptionException WithRemedy(LogCorruptionException damage, string nextStart) =>
        new($"{damage.Message} Copy the log directory, then delete the file: the next start then {nextStart}", damage);

    /// <summary>The lines of a text as Java's readers cut it: what the last line end is followed by is a line where it is not empty.</summary>
    public static string[] Lines(string text)
    {
        var lines = text.Split(["\r\n", "\n", "\r"], StringSplitOptions.None);
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    /// <summary>The file of so many entries, a line each. One that says another number than it has is none for the next start.</summary>
    public static byte[] Encode(int count, IEnumerable<string> lines)
    {
        var written = 0;
        var text = new StringBuilder();
        _ = text.Append(Version).Append('\n').Append(count).Append('\n');
        foreach (var line in lines)
        {
            Invariant.Holds(line.Length > 0 && !line.AsSpan().ContainsAny('\n', '\r'), $"'{line}' is to be a line of a checkpoint");
            _ = text.Append(line).Append('\n');
            written++;
        }
        Invariant.Holds(written == count, $"A checkpoint of {count} entries was written with {written}");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public static long Number(string cell, string path) =>
        JavaNumber.TryLong(cell, out var value) ? value : throw new LogCorruptionException($"{path}: '{cell}' is not a number.");

    public static int Int(string cell, string path) =>
        JavaNumber.TryInt(cell, out var value) ? value : throw new LogCorruptionException($"{path}: '{cell}' is not a number of 32 bits.");
}
