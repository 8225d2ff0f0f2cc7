using System.Globalization;
using System.Text;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>Java's properties format: bytes are characters (ISO 8859-1), a backslash escapes, a line that ends with one goes on in the next.</summary>
internal static class PropertiesText
{
    private const int HexDigits = 4;

    public static Dictionary<string, string> Read(IFileStore files, string path)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        string text = Encoding.Latin1.GetString(files.ReadAllBytes(path));
        string[] lines = CheckpointText.Lines(text);
        for (int i = 0; i < lines.Length; i++)
        {
            string line = TrimStart(lines[i]);
            if (line.Length == 0 || line[0] is '#' or '!')
                continue;
            // As with Java it joins nothing: the next line begins anew, and at the end there is an empty name, unless two characters end the line.
            if (line == "\\" && (i + 1 < lines.Length || text.EndsWith("\r\n", StringComparison.Ordinal)))
                continue;
            if (EndsWithBackslash(line))
                line = Joined(line, lines, ref i);
            int end = 0;
            while (end < line.Length && line[end] is not ('=' or ':' or ' ' or '\t' or '\f'))
                end += line[end] == '\\' ? 2 : 1;
            end = Math.Min(end, line.Length);
            string value = TrimStart(line[end..]);
            if (value is ['=' or ':', ..])
                value = TrimStart(value[1..]);
            properties[Unescape(line[..end], path)] = Unescape(value, path);
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
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>A line with those that it goes on in. What it takes does not grow with the square of their number.</summary>
    private static string Joined(string line, string[] lines, ref int index)
    {
        var whole = new StringBuilder();
        for (; EndsWithBackslash(line); line = ++index < lines.Length ? TrimStart(lines[index]) : "")
            _ = whole.Append(line, 0, line.Length - 1);
        return whole.Append(line).ToString();
    }

    private static string TrimStart(string line) => line.TrimStart(' ', '\t', '\f');

    private static bool EndsWithBackslash(string line) => (line.Length - line.AsSpan().TrimEnd('\\').Length) % 2 == 1;

    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            _ = value[i] switch
            {
                '\\' or '=' or ':' or '#' or '!' => text.Append('\\').Append(value[i]),
                ' ' when i == 0 => text.Append("\\ "),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\f' => text.Append("\\f"),
                < ' ' or > '~' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)value[i]:X4}"),
                _ => text.Append(value[i]),
            };
        }
        return text.ToString();
    }

    private static string Unescape(string value, string path)
    {
        if (!value.Contains('\\', StringComparison.Ordinal))
            return value;
        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] != '\\' || ++i == value.Length)
            {
                if (i < value.Length)
                    _ = text.Append(value[i]);
                continue;
            }
            if (value[i] == 'u')
            {
                if (value.Length - i <= HexDigits || !ushort.TryParse(value.AsSpan(i + 1, HexDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
                    throw new LogCorruptionException($"{path}: malformed \\uxxxx encoding.");
                _ = text.Append((char)code);
                i += HexDigits;
                continue;
            }
            _ = text.Append(value[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var other => other });
        }
        return text.ToString();
    }
}
