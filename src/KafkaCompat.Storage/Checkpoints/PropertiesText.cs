using System.Globalization;
using System.Text;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>The part of Java's properties format that Kafka's own files use: comments, and keys and values around = or :.</summary>
internal static class PropertiesText
{
    public static Dictionary<string, string> Read(IFileStore files, string path)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string raw in files.ReadAllText(path).Split('\n'))
        {
            string line = raw.Trim();
            if (line.Length == 0 || line[0] is '#' or '!')
                continue;
            int separator = line.AsSpan().IndexOfAny('=', ':');
            if (separator < 0)
                properties[line] = "";
            else
                properties[line[..separator].TrimEnd()] = Unescape(line[(separator + 1)..].TrimStart());
        }
        return properties;
    }

    /// <summary>The entries under a comment with the date, as Java writes them.</summary>
    public static byte[] Encode(IEnumerable<(string Key, string Value)> entries, DateTimeOffset now)
    {
        var text = new StringBuilder("#\n#");
        _ = text.Append(now.UtcDateTime.ToString("ddd MMM dd HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture)).Append('\n');
        foreach ((string key, string value) in entries)
            _ = text.Append(key).Append('=').Append(Escape(value)).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal)
        .Replace(":", "\\:", StringComparison.Ordinal).Replace("#", "\\#", StringComparison.Ordinal).Replace("!", "\\!", StringComparison.Ordinal);

    private static string Unescape(string value)
    {
        if (!value.Contains('\\', StringComparison.Ordinal))
            return value;
        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length)
                i++;
            _ = text.Append(value[i]);
        }
        return text.ToString();
    }
}
