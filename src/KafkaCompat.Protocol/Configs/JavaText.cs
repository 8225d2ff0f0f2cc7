using System.Globalization;

namespace KafkaCompat.Protocol.Configs;

/// <summary>Text of settings as Java reads it: what counts as white space, as a digit, and as the same letter in another case.</summary>
public static class JavaText
{
    private const int Radix = 10;

    /// <summary>Without the characters at both ends that <c>String.trim</c> drops: space and every control character, and no other white space.</summary>
    public static string Trim(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && text[start] <= ' ') start++;
        while (end > start && text[end - 1] <= ' ') end--;
        return text[start..end];
    }

    /// <summary>Whether both are the same but for the case of their letters, each looked at by itself.</summary>
    public static bool EqualsIgnoreCase(string left, string right)
    {
        if (left.Length != right.Length) return false;
        for (var i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i] && Folded(left[i]) != Folded(right[i])) return false;
        }
        return true;
    }

    /// <summary>
    /// The whole number that a text stands for, as <c>Long.parseLong</c> reads it: a sign at most, then decimal digits of any script. Null where Java sees
    /// none, or one that is outside <paramref name="least"/> to <paramref name="most"/>.
    /// </summary>
    public static long? Number(ReadOnlySpan<char> text, long least = long.MinValue, long most = long.MaxValue)
    {
        var isNegative = text is ['-', ..];
        if (text is ['-' or '+', ..]) text = text[1..];
        if (text.IsEmpty) return null;
        Int128 number = 0;
        foreach (var character in text)
        {
            if (CharUnicodeInfo.GetDecimalDigitValue(character) is not (>= 0 and var digit)) return null;
            number = (number * Radix) + digit;
            if (number > (Int128)long.MaxValue + 1) return null;
        }
        if (isNegative) number = -number;
        return number >= least && number <= most ? (long)number : null;
    }

    /// <summary>A number of 32 bits; null where Java sees none.</summary>
    public static int? Int(ReadOnlySpan<char> text) => (int?)Number(text, int.MinValue, int.MaxValue);

    /// <summary>The elements of a list: commas with any of Java's six white spaces around them separate. Blank text is a list without elements.</summary>
    public static List<string> List(string text)
    {
        var trimmed = Trim(text);
        if (trimmed.Length == 0) return [];
        var elements = new List<string>();
        var start = 0;
        while (trimmed.IndexOf(',', start) is >= 0 and var comma)
        {
            elements.Add(Element(trimmed, start, comma));
            start = comma + 1;
        }
        elements.Add(Element(trimmed, start, trimmed.Length));
        return elements;
    }

    private static string Element(string text, int start, int end)
    {
        while (start < end && IsSpace(text[start])) start++;
        while (end > start && IsSpace(text[end - 1])) end--;
        return text[start..end];
    }

    private static bool IsSpace(char character) => character is ' ' or (>= '\t' and <= '\r');

    private static char Folded(char character) => character switch
    {
        // Letters that Java gives the case of an ASCII letter.
        '\u0130' or '\u0131' => 'i',
        '\u017f' => 's',
        '\u212a' => 'k',
        _ => char.ToLowerInvariant(char.ToUpperInvariant(character)),
    };
}
