using System.Globalization;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>Whole numbers in Kafka's text files, as Java's parsers take them: a sign, then decimal digits of any script, and nothing around them.</summary>
internal static class JavaNumber
{
    public static bool TryInt(ReadOnlySpan<char> text, out int value)
    {
        var read = TryLong(text, out var wide) && wide is >= int.MinValue and <= int.MaxValue;
        value = read ? (int)wide : 0;
        return read;
    }

    public static bool TryLong(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        var negative = text is ['-', ..];
        var digits = text is ['-' or '+', ..] ? text[1..] : text;
        if (digits.IsEmpty)
            return false;
        Int128 number = 0;
        foreach (var character in digits)
        {
            var digit = CharUnicodeInfo.GetDecimalDigitValue(character);
            if (digit < 0)
                return false;
            number = number * 10 + digit;
            if (number > (Int128)long.MaxValue + 1)
                return false;
        }
        number = negative ? -number : number;
        if (number > long.MaxValue)
            return false;
        value = (long)number;
        return true;
    }
}
