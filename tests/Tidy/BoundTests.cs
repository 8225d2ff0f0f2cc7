using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>docs/bounds.md names every bound, with the value that it has in the source or among the settings.</summary>
public sealed partial class BoundTests
{
    private const string Document = "docs/bounds.md";

    /// <summary>They begin as bounds do and are none: a special timestamp, a field's place, the digits of a number's text.</summary>
    private static readonly string[] NoBounds = ["Partition.MaxTimestamp", "RecordBatchHeader.MaxTimestampPosition", "JavaDouble.MostDigits"];

    private static readonly ILookup<string, string> Constants =
        (from file in Repository.CSharp("src")
         where !file.StartsWith("src/KafkaCompat.Protocol.Generator/", StringComparison.Ordinal)
         from Match match in Constant().Matches(Repository.Text(file))
         select (Name: $"{Path.GetFileNameWithoutExtension(file)}.{match.Groups["name"].Value}", Value: match.Groups["value"].Value))
        .ToLookup(static constant => constant.Name, static constant => constant.Value, StringComparer.Ordinal);

    private static readonly Dictionary<string, string> Settings = Setting().Matches(Repository.Text("docs/settings.md"))
        .DistinctBy(static match => match.Groups["name"].Value)
            .ToDictionary(static match => match.Groups["name"].Value, static match => match.Groups["value"].Value, StringComparer.Ordinal);

    private static readonly List<(string Name, string Value)> Rows =
        [.. Row().Matches(Repository.Text(Document))
            .Select(static match => (match.Groups["name"].Value, match.Groups["value"].Value.Replace(",", "", StringComparison.Ordinal)))];

    [Fact]
    public void Every_bound_of_the_document_has_the_value_that_it_says()
    {
        Assert.NotEmpty(Rows);
        Findings.None(from row in Rows
                      let actual = Constants.Contains(row.Name)
                          ? Constants[row.Name].Select(Evaluate).Distinct().ToList()
                          : Settings.TryGetValue(row.Name, out var value) ? [value] : []
                      where actual.Count != 1 || actual[0] != row.Value
                      select $"{Document}: {row.Name} is {(actual.Count == 0 ? "neither a constant nor a setting" : string.Join(" and ", actual))}, not "
                          + $"{row.Value}");
    }

    [Fact]
    public void Every_constant_that_is_called_a_maximum_is_in_the_document() =>
        Findings.None(Constants.Select(static constant => constant.Key).Where(static name => Maximum().IsMatch(name))
            .Except(Rows.Select(static row => row.Name)).Except(NoBounds)
            .Select(static name => $"{name} is a bound and {Document} does not say what it protects"));

    [Fact]
    public void No_bound_stands_there_twice() =>
        Findings.None(Rows.GroupBy(static row => row.Name).Where(static rows => rows.Count() > 1).Select(static rows => rows.Key));

    /// <summary>A product of numbers, or a power of two.</summary>
    private static string Evaluate(string expression)
    {
        long product = 1;
        foreach (var factor in expression.Split('*', StringSplitOptions.TrimEntries))
        {
            product *= factor.Split("<<", StringSplitOptions.TrimEntries) switch
            {
                [var number, var shift] => Number(number) << (int)Number(shift),
                _ => Number(factor),
            };
        }

        return product.ToString(CultureInfo.InvariantCulture);
    }

    private static long Number(string text) => text switch
    {
        "short.MaxValue" => short.MaxValue,
        "int.MaxValue" => int.MaxValue,
        _ => long.Parse(text.Replace("_", "", StringComparison.Ordinal).TrimEnd('L'), CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"\bconst (?:int|long|short) (?<name>\w+) *= *(?<value>(?:[\d_]+L?|short\.MaxValue|int\.MaxValue)(?: *(?:\*|<<) *[\d_]+L?)*) *;")]
    private static partial Regex Constant();

    [GeneratedRegex(@"^\| `(?<name>[^`]+)` \| (?<value>-?[\d,]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^\| `(?<name>[^`]+)` \| `(?<value>[^`]*)` \|", RegexOptions.Multiline)]
    private static partial Regex Setting();

    [GeneratedRegex(@"\.(?:Max|Most)\w*$|AtMost$")]
    private static partial Regex Maximum();
}
