using System.Globalization;
using System.Text;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// The text format of <c>server.properties</c>: Java's properties. <c>#</c> and <c>!</c> begin comments, <c>=</c>, <c>:</c> or white space
/// ends a key, a backslash escapes the next character or joins the next line, and of a key that stands twice the last one counts.
/// </summary>
public static class ConfigProperties
{
    /// <summary>Characters of a line that a message shows.</summary>
    private const int MaxShown = 100;

    /// <summary>Bytes that UTF-8 may begin with, which editors on Windows write and Java would take for a part of the first name.</summary>
    private static ReadOnlySpan<byte> Bom => [0xef, 0xbb, 0xbf];

    /// <summary>The pairs of a file in their order. As Java reads them its bytes are ISO 8859-1, and every other character is written <c>\uXXXX</c>.</summary>
    public static IReadOnlyList<ConfigEntry> Parse(ReadOnlySpan<byte> bytes, string file) =>
        [.. Read(Encoding.Latin1.GetString(bytes.StartsWith(Bom) ? bytes[Bom.Length..] : bytes), file).Select(line => new ConfigEntry(line.Name, line.Value, $"{file}:{line.Number}"))];

    /// <summary>The pairs of <paramref name="text"/> in their order.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string text) => [.. Read(text, "line").Select(static line => KeyValuePair.Create(line.Name, line.Value))];

    private static IEnumerable<(string Name, string Value, int Number)> Read(string text, string file)
    {
        foreach (var (line, number) in LogicalLines(text))
        {
            var keyEnd = 0;
            while (keyEnd < line.Length && line[keyEnd] is not ('=' or ':' or ' ' or '\t' or '\f'))
            {
                keyEnd += line[keyEnd] == '\\' ? 2 : 1;
            }

            keyEnd = Math.Min(keyEnd, line.Length);
            var valueStart = SkipWhiteSpace(line, keyEnd);
            if (valueStart < line.Length && line[valueStart] is ('=' or ':'))
            {
                valueStart = SkipWhiteSpace(line, valueStart + 1);
            }

            string Unescape(string part) =>
                TryUnescape(part) ?? throw new ConfigurationException($"Malformed \\uxxxx encoding in {(part.Length > MaxShown ? part[..MaxShown] + "…" : part)} ({file}:{number})");

            yield return (Unescape(line[..keyEnd]), Unescape(line[valueStart..]), number);
        }
    }

    /// <summary>
    /// Lines without comments and blanks with the number of the first, continuations joined, leading white space gone. As with Java a backslash alone joins nothing: the next
    /// line begins anew, and at the end there is an empty name, unless two characters end the line.
    /// </summary>
    private static IEnumerable<(string Line, int Number)> LogicalLines(string text)
    {
        using var reader = new StringReader(text);
        var number = 0;
        while (reader.ReadLine() is { } natural)
        {
            var first = ++number;
            var line = natural.TrimStart(' ', '\t', '\f');
            if (line.Length == 0 || line[0] is ('#' or '!') || (line == "\\" && (reader.Peek() >= 0 || text.EndsWith("\r\n", StringComparison.Ordinal))))
            {
                continue;
            }

            if (EndsInContinuation(line))
            {
                // Gathered, so that a line of thousands costs no more than its length.
                var joined = new StringBuilder();
                while (EndsInContinuation(line))
                {
                    joined.Append(line, 0, line.Length - 1);
                    line = reader.ReadLine()?.TrimStart(' ', '\t', '\f') ?? "";
                    number++;
                }

                line = joined.Append(line).ToString();
            }

            yield return (line, first);
        }
    }

    /// <summary>An odd number of backslashes at the end: an even number is that many halves, escaped.</summary>
    private static bool EndsInContinuation(string line)
    {
        var count = 0;
        while (count < line.Length && line[^(count + 1)] == '\\')
        {
            count++;
        }

        return count % 2 == 1;
    }

    private static int SkipWhiteSpace(string line, int from)
    {
        while (from < line.Length && line[from] is (' ' or '\t' or '\f'))
        {
            from++;
        }

        return from;
    }

    /// <summary>The text that escapes stand for; null where one is none.</summary>
    private static string? TryUnescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] == 'u')
            {
                if (i + 4 >= text.Length || !ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                {
                    return null;
                }

                result.Append((char)unit);
                i += 4;
                continue;
            }

            result.Append(text[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var other => other });
        }

        return result.ToString();
    }
}
