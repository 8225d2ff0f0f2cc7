using System.Diagnostics.CodeAnalysis;

namespace KafkaCompat.Protocol.Names;

/// <summary>Kafka's rule for topic names: up to 249 letters, digits, dots, underscores and dashes, because a name becomes a folder.</summary>
public static class TopicNames
{
    /// <summary>Characters.</summary>
    public const int MaxLength = 249;

    /// <summary>What is wrong with a name, in Kafka's words, because tools show them; null where nothing is.</summary>
    public static string? Check(string name) => name switch
    {
        "" => "Topic name is invalid: the empty string is not allowed",
        "." or ".." => $"Topic name is invalid: '{name}' is not allowed",
        { Length: > MaxLength } => $"Topic name is invalid: the length of '{name}' is longer than the max allowed length {MaxLength}",
        _ when !HasOnlyLegalCharacters(name) =>
            $"Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        _ => null,
    };

    /// <summary>Whether a topic may have a name; the problem is that of <see cref="Check"/>.</summary>
    public static bool IsValid(string name, [NotNullWhen(false)] out string? problem) => (problem = Check(name)) is null;

    /// <summary>Metrics write '.' and '_' alike, so names that differ in these alone collide.</summary>
    public static bool HasCollisionChars(string name) => name.Contains('.') || name.Contains('_');

    /// <summary>The name that colliding names have in common.</summary>
    public static string Unified(string name) => name.Replace('.', '_');

    private static bool HasOnlyLegalCharacters(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }
        return true;
    }
}
