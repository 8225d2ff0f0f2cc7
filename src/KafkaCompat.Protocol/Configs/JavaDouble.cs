using System.Globalization;
using System.Text.RegularExpressions;

namespace KafkaCompat.Protocol.Configs;

/// <summary>
/// Numbers with a fraction as Java reads and writes them, because settings are stored as text that both programs read: a suffix of a Java literal, the
/// hexadecimal form, and <c>NaN</c> and <c>Infinity</c> in this spelling alone are numbers too.
/// </summary>
internal static partial class JavaDouble
{
    private const double LeastPlain = 1e-3;
    private const double FirstScientific = 1e7;
    private const int MostDigits = 16;

    /// <summary>The number that a text stands for; null where Java sees none.</summary>
    public static double? Parse(string text)
    {
        var sign = text.StartsWith('-') ? -1 : 1;
        switch (text.TrimStart('+', '-'))
        {
            case "NaN" when text.Length <= 4: return double.NaN;
            case "Infinity" when text.Length <= 9: return sign * double.PositiveInfinity;
        }
        if (Decimal().Match(text) is { Success: true } plain) return double.Parse(plain.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        return Hexadecimal().Match(text) is { Success: true } hex
            ? sign * FromHex(hex.Groups[1].Value, hex.Groups[2].Value,
            int.Parse(hex.Groups[3].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>The shortest text that reads back as the number, with a fraction always and an exponent where the number is large or small.</summary>
    public static string Text(double number)
    {
        if (double.IsNaN(number)) return "NaN";
        if (double.IsInfinity(number)) return number > 0 ? "Infinity" : "-Infinity";
        var size = Math.Abs(number);
        if (size == 0 || size is >= LeastPlain and < FirstScientific)
        {
            var plain = number.ToString("R", CultureInfo.InvariantCulture);
            return plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0";
        }
        // The fewest digits after the point, one at least, that say the number.
        var digits = 1;
        while (digits < MostDigits && double.Parse(Scientific(digits), CultureInfo.InvariantCulture) != number) digits++;
        var parts = Scientific(digits).Split('E');
        return $"{parts[0]}E{int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)}";

        string Scientific(int count) => number.ToString($"E{count}", CultureInfo.InvariantCulture);
    }

    private static double FromHex(string whole, string fraction, int exponent)
    {
        var mantissa = 0.0;
        foreach (var digit in whole + fraction) mantissa = (mantissa * 16) + Convert.ToInt32(digit.ToString(), 16);
        return Math.ScaleB(mantissa, exponent - (4 * fraction.Length));
    }

    [GeneratedRegex(@"^([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?)[fFdD]?$")]
    private static partial Regex Decimal();

    [GeneratedRegex(@"^[+-]?0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]{0,16})\.?([0-9a-fA-F]{0,16})[pP]([+-]?[0-9]{1,6})[fFdD]?$")]
    private static partial Regex Hexadecimal();
}
