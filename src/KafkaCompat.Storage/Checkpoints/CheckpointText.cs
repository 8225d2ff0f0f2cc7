using System.Globalization;
using System.Text;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>
/// Kafka's text checkpoints: a line with the version 0, a line with the number of entries, and a line an entry with its parts between blanks.
/// </summary>
internal static class CheckpointText
{
    private const char Version = '0';

    /// <summary>The entries of a file, each cut into as many parts as asked for; empty where the file is absent.</summary>
    public static List<string[]> Read(IFileStore files, string path, int parts)
    {
        if (!files.FileExists(path))
            return [];
        string[] lines = files.ReadAllText(path).Split('\n');
        // Kafka takes an empty file for one without entries.
        if (lines is [""])
            return [];
        string version = lines[0].TrimEnd('\r');
        if (version is not [Version])
            throw new LogCorruptionException($"{path}: the version is '{version}' and not {Version}.");
        if (lines.Length < 2 || !int.TryParse(lines[1].AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            throw new LogCorruptionException($"{path}: the second line is not the number of entries.");
        var entries = new List<string[]>(Math.Min(count, lines.Length));
        for (int i = 2; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0)
                continue;
            string[] cells = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (cells.Length != parts)
                throw new LogCorruptionException($"{path}: line {i + 1} is no entry: '{line}'.");
            entries.Add(cells);
        }
        if (entries.Count != count)
            throw new LogCorruptionException($"{path}: {count} entries are announced and {entries.Count} are there.");
        return entries;
    }

    public static byte[] Encode(int count, IEnumerable<string> lines)
    {
        var text = new StringBuilder();
        _ = text.Append(Version).Append('\n').Append(count).Append('\n');
        foreach (string line in lines)
            _ = text.Append(line).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public static long Number(string cell, string path) => long.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
        ? value
        : throw new LogCorruptionException($"{path}: '{cell}' is no number.");
}
