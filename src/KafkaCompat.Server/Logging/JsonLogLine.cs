using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KafkaCompat.Broker.Logging;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// An event as an object in JSON, on one line: time in UTC, level in Kafka's word, logger, event, message, the values in it, and the exception.
/// </summary>
internal static class JsonLogLine
{
    /// <summary>The template of the message, which loggers put among its values.</summary>
    private const string Template = "{OriginalFormat}";

    /// <summary>Quotes and angle brackets need no escape here: this is no HTML.</summary>
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of<TState>(DateTimeOffset time, LogLevel level, string logger, EventId id, string message, TState state, string? exception)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", time.UtcDateTime);
            json.WriteString("level", LoggerLevels.NameOf(level));
            json.WriteString("logger", logger);
            if (id.Name is { } name)
            {
                json.WriteString("event", name);
            }

            if (id.Id != 0)
            {
                json.WriteNumber("id", id.Id);
            }

            json.WriteString("message", message);
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                WriteValues(json, values);
            }

            if (exception is not null)
            {
                json.WriteString("exception", exception);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteValues(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        var isOpen = false;
        foreach (var (name, value) in values)
        {
            if (name == Template)
            {
                continue;
            }

            if (!isOpen)
            {
                json.WriteStartObject("values");
                isOpen = true;
            }

            switch (value)
            {
                case null:
                    json.WriteNull(name);
                    break;
                case bool truth:
                    json.WriteBoolean(name, truth);
                    break;
                case int number:
                    json.WriteNumber(name, number);
                    break;
                case long number:
                    json.WriteNumber(name, number);
                    break;
                case short number:
                    json.WriteNumber(name, number);
                    break;
                default:
                    json.WriteString(name, value.ToString());
                    break;
            }
        }

        if (isOpen)
        {
            json.WriteEndObject();
        }
    }
}
