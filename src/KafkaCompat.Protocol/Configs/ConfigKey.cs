using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KafkaCompat.Protocol.Configs;

/// <summary>One setting of Kafka: its type, default and rule, and how it shows in DescribeConfigs.</summary>
public sealed record ConfigKey
{
    public required ConfigScope Scope { get; init; }

    public required string Name { get; init; }

    public required ConfigType Type { get; init; }

    /// <summary>A required setting has no default.</summary>
    public required bool IsRequired { get; init; }

    /// <summary>The default as text; null is no value.</summary>
    public required string? Default { get; init; }

    public required ConfigRule Rule { get; init; }

    public required ConfigDynamic Dynamic { get; init; }

    public bool IsSensitive { get; init; }

    public bool IsInternal { get; init; }

    /// <summary>False: DescribeConfigs lists the setting only where it is set.</summary>
    public bool IsDescribed { get; init; } = true;

    /// <summary>The broker settings that supply the value, in the order in which they are asked.</summary>
    public required IReadOnlyList<ConfigSynonym> Synonyms { get; init; }

    /// <summary>What the setting does in this program.</summary>
    public required ConfigEffect Effect { get; init; }

    /// <summary>Why it has no effect, is refused, or how far it is in effect; empty where there is nothing to say.</summary>
    public required string Reason { get; init; }

    /// <summary>What DescribeConfigs documents, in words of our own: effect, values, default, and how it changes.</summary>
    public string Documentation
    {
        get
        {
            var effect = Effect switch
            {
                ConfigEffect.InEffect => "In effect",
                ConfigEffect.NoEffect => "Accepted without effect",
                _ => "Refused other than at its default",
            };
            return $"{effect}{(Reason.Length > 0 ? $": {Reason}" : "")}. Type: {Type.ToString().ToLowerInvariant()}."
                + (Rule.Text.Length > 0 ? $" Values: {Rule.Text}." : "")
                + (IsRequired ? " Required." : Default is null ? " Not set by default." : $" Default: {(Default.Length == 0 ? "empty" : Default)}.")
                + Dynamic switch
                {
                    ConfigDynamic.ReadOnly => " Changes with a restart.",
                    ConfigDynamic.PerBroker => " Kafka changes it for one broker while it runs.",
                    ConfigDynamic.ClusterWide => " Changes while brokers run, for one or for all.",
                    _ => "",
                };
        }
    }

    /// <summary>
    /// Reads <paramref name="text"/> as this setting's type and holds it against its rule. The problem is worded as Kafka words it.
    /// Values are bool, int, short, long, double, string (string, class and password) or a list of strings.
    /// </summary>
    public bool TryParse(string? text, out object? value, [NotNullWhen(false)] out string? problem)
    {
        // What is no value of the type is shown as it was given; what breaks the rule as it was understood.
        if (!TryParseType(text, out value, out var reason))
        {
            problem = Problem(text, reason);
            return false;
        }

        if (Rule.Check(this, value) is { } broken)
        {
            problem = Problem(value is List<string> list ? Rule.Offender(list) ?? $"[{string.Join(", ", list)}]" : Rendered(value), broken);
            return false;
        }

        problem = null;
        return true;
    }

    /// <summary>
    /// A value's text as it was understood: white space, signs and notations that say nothing are gone. What is no value of the type stays as it is.
    /// </summary>
    public string? Render(string? text) => TryParseType(text, out var value, out _) ? Rendered(value) : text;

    private static string? Rendered(object? value) => value switch
    {
        null => null,
        bool isTrue => isTrue ? "true" : "false",
        double number => JavaDouble.Text(number),
        List<string> list => string.Join(',', list),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private string Problem(string? shown, string reason) => reason.StartsWith("Configuration '", StringComparison.Ordinal)
        ? reason
        : $"Invalid value {(shown is null ? "null" : IsSensitive ? "[hidden]" : shown)} for configuration {Name}: {reason}";

    private bool TryParseType(string? text, out object? value, [NotNullWhen(false)] out string? reason)
    {
        value = null;
        reason = null;
        if (text is null)
        {
            return true;
        }

        var trimmed = JavaText.Trim(text);
        switch (Type)
        {
            case ConfigType.Boolean:
                value = JavaText.EqualsIgnoreCase(trimmed, "true") ? true : JavaText.EqualsIgnoreCase(trimmed, "false") ? false : null;
                reason = value is null ? "Expected value to be either true or false" : null;
                break;
            case ConfigType.Int:
                value = JavaText.Int(trimmed);
                break;
            case ConfigType.Short:
                value = (short?)JavaText.Number(trimmed, short.MinValue, short.MaxValue);
                break;
            case ConfigType.Long:
                value = JavaText.Number(trimmed);
                break;
            case ConfigType.Double:
                value = JavaDouble.Parse(trimmed);
                break;
            case ConfigType.List:
                // Kafka takes an element that stands twice for one.
                value = Rule.MayBeEmpty is null ? JavaText.List(trimmed) : JavaText.List(trimmed).Distinct(StringComparer.Ordinal).ToList();
                break;
            case ConfigType.Class when trimmed.Length == 0:
                reason = "Class  could not be found.";
                break;
            default:
                value = trimmed;
                break;
        }

        reason ??= value is null ? $"Not a number of type {Type.ToString().ToUpperInvariant()}" : null;
        return reason is null;
    }
}
