using System.Globalization;
using System.Text;

namespace KafkaCompat.Server.Logging;

/// <summary>The text of a message as it may stand in a log of lines.</summary>
internal static class LogText
{
    /// <summary>
    /// The same text with control characters written as escapes. A client id or a topic name comes from a client: a line break in it must not begin a line of
    /// its own, nor may it send commands to a terminal.
    /// </summary>
    public static string OfOneLine(string text)
    {
        if (!HasControl(text))
        {
            return text;
        }

        var line = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                '\t' => line.Append("\\t"),
                _ when IsControl(character) => line.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => line.Append(character),
            };
        }

        return line.ToString();
    }

    private static bool HasControl(string text)
    {
        foreach (var character in text)
        {
            if (IsControl(character))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Line and paragraph separators begin a new line in some viewers.</summary>
    private static bool IsControl(char character) => char.IsControl(character) || character is '\u2028' or '\u2029';
}
