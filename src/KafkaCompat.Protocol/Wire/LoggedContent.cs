using System.Text.Json;

namespace KafkaCompat.Protocol;

/// <summary>
/// Messages as a log may hold them: Kafka's JSON without secrets. Only the number of bytes is shown, be they records, a password's proof, a token or what
/// clients send each other; the value of a setting is shown if its name is one whose value is not a secret.
/// </summary>
public static class LoggedContent
{
    [ThreadStatic]
    private static Func<string, bool>? t_mayShow;

    [ThreadStatic]
    private static string? t_setting;

    /// <summary>Whether this thread writes for a log.</summary>
    internal static bool IsOn => t_mayShow is not null;

    /// <summary>Writes a message for a log.</summary>
    /// <param name="message">The message.</param>
    /// <param name="json">Where to.</param>
    /// <param name="version">Its version.</param>
    /// <param name="mayShow">Whether the value of a setting of this name is no secret.</param>
    public static void Write(IMessage message, Utf8JsonWriter json, short version, Func<string, bool> mayShow)
    {
        (t_mayShow, t_setting) = (mayShow, null);
        try
        {
            message.WriteJson(json, version);
        }
        finally
        {
            (t_mayShow, t_setting) = (null, null);
        }
    }

    /// <summary>What stands for bytes.</summary>
    internal static string? Of(long? bytes) => bytes is null ? null : $"({bytes} bytes)";

    /// <summary>What stands for a text.</summary>
    internal static string? Of(string field, string? text)
    {
        if (field == "name")
        {
            t_setting = text;
        }

        return field != "value" || text is null || (t_setting is not null && t_mayShow!(t_setting)) ? text : "(hidden)";
    }
}
