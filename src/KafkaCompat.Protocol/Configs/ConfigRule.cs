using System.Globalization;
using System.Text.RegularExpressions;

namespace KafkaCompat.Protocol.Configs;

/// <summary>
/// Which values a setting takes, from the text that <c>configs.spec</c> states it with: ranges such as <c>[1,...]</c> and
/// <c>[0,...,1]</c>, choices such as <c>[compact, delete]</c>, and the few worded rules.
/// </summary>
public sealed partial class ConfigRule
{
    /// <summary>An offset reset may name a time to go back by, as ISO 8601 writes durations.</summary>
    private const string DurationChoice = "by_duration:PnDTnHnMn.nS";

    private readonly double? _least;
    private readonly double? _most;
    private readonly string? _leastText;
    private readonly string? _mostText;
    private readonly double? _besides;
    private readonly string[]? _choices;
    private readonly bool _ignoreCase;

    public ConfigRule(string text, bool? mayBeEmpty, bool? mayBeNull)
    {
        Text = text;
        MayBeEmpty = mayBeEmpty;
        MayBeNull = mayBeNull;
        var body = text;
        if (body.StartsWith("(case insensitive) ", StringComparison.Ordinal))
        {
            _ignoreCase = true;
            body = body["(case insensitive) ".Length..];
        }

        var or = body.IndexOf("] or ", StringComparison.Ordinal);
        if (or >= 0)
        {
            _besides = double.Parse(body.AsSpan(or + 5), CultureInfo.InvariantCulture);
            body = body[..(or + 1)];
        }

        if (!body.StartsWith('[') || body.StartsWith("[partitionId]", StringComparison.Ordinal))
        {
            return;
        }

        if (!body.Contains("...", StringComparison.Ordinal))
        {
            _choices = body.Trim('[', ']').Split(", ");
            return;
        }

        var ends = body.Trim('[', ']').Split("...");
        (_leastText, _mostText) = (ends[0].TrimEnd(','), ends[1].TrimStart(','));
        _least = Bound(_leastText);
        _most = Bound(_mostText);
    }

    /// <summary>The rule in Kafka's words; empty for none.</summary>
    public string Text { get; }

    /// <summary>For lists that say so: whether an empty one is allowed.</summary>
    public bool? MayBeEmpty { get; }

    /// <summary>For lists that say so: whether null is allowed.</summary>
    public bool? MayBeNull { get; }

    /// <summary>The first element of a list that is none of the choices; null where there is none, or no choice.</summary>
    public string? Offender(List<string> list) => _choices is null ? null : list.Find(element => Array.IndexOf(_choices, element) < 0);

    /// <summary>Null when <paramref name="value"/> is allowed, else what is wrong.</summary>
    public string? Check(ConfigKey key, object? value) => value switch
    {
        null => Text is "non-null string" ? "entry must be non null" : MayBeNull is false ? $"Configuration '{key.Name}' values must not be null." : null,
        bool => null,
        List<string> list => CheckList(key, list),
        string text => CheckString(key, text),
        _ => CheckNumber(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
    };

    private string? CheckNumber(double number)
    {
        if (_besides is { } besides)
        {
            return number == besides || (number >= _least && number <= _most) ? null
                : $"Value must be between {_leastText} and {_mostText} or equal to {besides}";
        }

        return number < _least ? $"Value must be at least {_leastText}"
            : number > _most ? $"Value must be no more than {_mostText}"
            : null;
    }

    private string? CheckString(ConfigKey key, string text)
    {
        if (Text.Contains(DurationChoice, StringComparison.Ordinal))
        {
            return text is "earliest" or "latest" || Duration().IsMatch(text)
                ? null
                : $"Invalid value `{text}` for configuration {key.Name}. The value must be either 'earliest', 'latest' or of the format "
                + "'by_duration:<PnDTnHnMn.nS>'.";
        }

        if (_choices is not null)
        {
            return Array.Exists(_choices, choice => choice == text || (_ignoreCase && JavaText.EqualsIgnoreCase(choice, text)))
                ? null
                : $"String must be one of{(_ignoreCase ? " (case insensitive)" : "")}: {string.Join(", ", _choices)}";
        }

        return Text == "non-empty string" && text.Length == 0 ? "String must be non-empty" : null;
    }

    private string? CheckList(ConfigKey key, List<string> list)
    {
        if (Text.StartsWith("[partitionId]", StringComparison.Ordinal))
        {
            // Java's split leaves out what is empty at the end.
            var last = list.FindLastIndex(static pair => pair.Length > 0);
            return list is ["*"] || list.Take(last + 1).All(static pair => ThrottledReplica().IsMatch(pair))
                ? null
                : $"{key.Name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...";
        }

        if (MayBeEmpty is null)
        {
            return null;
        }

        if (list.Count == 0)
        {
            return MayBeEmpty is true ? null
                : $"Configuration '{key.Name}' must not be empty. Valid values include: "
                + $"{(_choices is null ? "any non-empty value" : string.Join(", ", _choices))}";
        }

        if (list.Exists(static element => element.Length == 0))
        {
            return $"Configuration '{key.Name}' values must not be empty.";
        }

        return _choices is null || list.TrueForAll(element => Array.IndexOf(_choices, element) >= 0)
            ? null
            : $"String must be one of: {string.Join(", ", _choices)}";
    }

    private static double? Bound(string text) => text.Length == 0 ? null : double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("^[0-9]+:[0-9]+$")]
    private static partial Regex ThrottledReplica();

    [GeneratedRegex(@"^by_duration:P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$", RegexOptions.IgnoreCase)]
    private static partial Regex Duration();
}
