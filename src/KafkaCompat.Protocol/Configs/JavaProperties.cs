using System.Globalization;
using System.Text;

namespace KafkaCompat.Protocol.Configs;

/// <summary>
/// Java's properties, the text of <c>server.properties</c> and <c>meta.properties</c>. <c>#</c> and <c>!</c> begin comments, <c>=</c>, <c>:</c> or white space
/// ends a name, and a backslash escapes the next character or joins the next line.
/// </summary>
public static class JavaProperties
{
    private const int HexDigits = 4;

    /// <summary>The characters of a file: each byte is one (ISO 8859-1), and every other character is written <c>\uXXXX</c>.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>
    /// The pairs of a text in their order, read as they are asked for. Of a name that stands twice the last one counts, which is for the caller to see to.
    /// </summary>
    /// <exception cref="MalformedPropertyException">An escape stands for nothing.</exception>
    public static IEnumerable<JavaProperty> Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
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

            yield return new(Unescape(line[..keyEnd], number), Unescape(line[valueStart..], number), number);
        }
    }

    /// <summary>The pairs under a comment with the date, as Java writes them.</summary>
    public static byte[] Encode(IEnumerable<(string Name, string Value)> pairs, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var text = new StringBuilder("#\n#").Append(now.UtcDateTime.ToString("ddd MMM dd HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture)).Append('\n');
        foreach (var (name, value) in pairs)
        {
            text.Append(name).Append('=').Append(Escape(value)).Append('\n');
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>
    /// Lines without comments and blanks with the number of the first, continuations joined, leading white space gone. As with Java a backslash alone joins
    /// nothing: the next line starts over, and at the end there is an empty name, unless two characters end the line.
    /// </summary>
    private static IEnumerable<(string Line, int Number)> LogicalLines(string text)
    {
        using var reader = new StringReader(text);
        var number = 0;
        while (reader.ReadLine() is { } natural)
        {
            var first = ++number;
            var line = TrimStart(natural);
            if (line.Length == 0 || line[0] is '#' or '!' || (line == "\\" && (reader.Peek() >= 0 || text.EndsWith("\r\n", StringComparison.Ordinal))))
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
                    line = TrimStart(reader.ReadLine() ?? "");
                    number++;
                }

                line = joined.Append(line).ToString();
            }

            yield return (line, first);
        }
    }

    private static string TrimStart(string line) => line.TrimStart(' ', '\t', '\f');

    /// <summary>An odd number of backslashes at the end: an even number is that many halves, escaped.</summary>
    private static bool EndsInContinuation(string line) => (line.Length - line.AsSpan().TrimEnd('\\').Length) % 2 == 1;

    private static int SkipWhiteSpace(string line, int from)
    {
        while (from < line.Length && line[from] is (' ' or '\t' or '\f'))
        {
            from++;
        }

        return from;
    }

    /// <summary>The text that escapes stand for. No part ends within one: its line would have gone on in the next.</summary>
    private static string Unescape(string part, int line)
    {
        if (!part.Contains('\\', StringComparison.Ordinal))
        {
            return part;
        }

        var result = new StringBuilder(part.Length);
        for (var i = 0; i < part.Length; i++)
        {
            if (part[i] != '\\' || i + 1 == part.Length)
            {
                result.Append(part[i]);
                continue;
            }

            i++;
            if (part[i] == 'u')
            {
                if (i + HexDigits >= part.Length
                    || !ushort.TryParse(part.AsSpan(i + 1, HexDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                {
                    throw new MalformedPropertyException(part, line);
                }

                result.Append((char)unit);
                i += HexDigits;
                continue;
            }

            result.Append(part[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var other => other });
        }

        return result.ToString();
    }

    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
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
}
