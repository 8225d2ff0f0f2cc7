using System.Globalization;
using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Parsing;

/// <summary>Reads 3, 3+, 3..5 and none.</summary>
internal static class VersionWord
{
    public static bool TryParse(string word, VersionRange outer, out VersionRange range)
    {
        range = VersionRange.None;
        if (word is "none" or "never")
        {
            return true;
        }

        if (word.Length == 0 || !char.IsDigit(word[0]))
        {
            return false;
        }

        if (word.EndsWith("+", StringComparison.Ordinal) && Number(word.Substring(0, word.Length - 1), out var from))
        {
            range = new VersionRange(from, outer.High);
            return true;
        }

        var dots = word.IndexOf("..", StringComparison.Ordinal);
        if (dots < 0)
        {
            var single = Number(word, out var only);
            range = new VersionRange(only, only);
            return single;
        }

        var both = Number(word.Substring(0, dots), out var low) & Number(word.Substring(dots + 2), out var high);
        range = new VersionRange(low, high);
        return both;
    }

    private static bool Number(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
