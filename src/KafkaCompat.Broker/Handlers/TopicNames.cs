using System.Diagnostics.CodeAnalysis;

namespace KafkaCompat.Broker.Handlers;

/// <summary>Kafka's rule for topic names: up to 249 letters, digits, dots, underscores and dashes, because a name becomes a folder.</summary>
public static class TopicNames
{
    private const int MaxLength = 249;

    /// <summary>The problem is in Kafka's words: tools show it.</summary>
    public static bool IsValid(string name, [NotNullWhen(false)] out string? problem)
    {
        problem = name switch
        {
            "" => "Topic name is invalid: the empty string is not allowed",
            "." => "Topic name is invalid: '.' is not allowed",
            ".." => "Topic name is invalid: '..' is not allowed",
            { Length: > MaxLength } => $"Topic name is invalid: the length of '{name}' is longer than the max allowed length {MaxLength}",
            _ when !HasOnlyLegalCharacters(name) =>
                $"Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
            _ => null,
        };
        return problem is null;
    }

    private static bool HasOnlyLegalCharacters(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')) return false;
        }
        return true;
    }
}
