using System.Text.Json;

namespace KafkaCompat.Protocol;

/// <summary>Values as Kafka's JSON has them; the generated WriteJson methods are made of these.</summary>
internal static class JsonText
{
    public static void Field(this Utf8JsonWriter json, string name, bool value) => json.WriteBoolean(name, value);

    public static void Field(this Utf8JsonWriter json, string name, long value) => json.WriteNumber(name, value);

    public static void Field(this Utf8JsonWriter json, string name, ErrorCode value) => json.WriteNumber(name, (short)value);

    public static void Field(this Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        json.Element(value);
    }

    public static void Field(this Utf8JsonWriter json, string name, Uuid value) => json.WriteString(name, value.ToString());

    public static void Field(this Utf8JsonWriter json, string name, string? value) =>
        json.WriteString(name, LoggedContent.IsOn ? LoggedContent.Of(name, value) : value);

    public static void Field(this Utf8JsonWriter json, string name, byte[]? value)
    {
        json.WritePropertyName(name);
        json.Element(value);
    }

    public static void Field(this Utf8JsonWriter json, string name, RecordBytes? value)
    {
        if (LoggedContent.IsOn)
        {
            json.WriteString(name, LoggedContent.Of(value?.Length));
        }
        else
        {
            json.Field(name, value?.ToArray());
        }
    }

    public static void Element(this Utf8JsonWriter json, bool value) => json.WriteBooleanValue(value);

    public static void Element(this Utf8JsonWriter json, long value) => json.WriteNumberValue(value);

    public static void Element(this Utf8JsonWriter json, ErrorCode value) => json.WriteNumberValue((short)value);

    public static void Element(this Utf8JsonWriter json, Uuid value) => json.WriteStringValue(value.ToString());

    public static void Element(this Utf8JsonWriter json, string? value) => json.WriteStringValue(value);

    public static void Element(this Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        }
    }

    public static void Element(this Utf8JsonWriter json, byte[]? value)
    {
        if (LoggedContent.IsOn)
        {
            json.WriteStringValue(LoggedContent.Of(value?.Length));
        }
        else if (value is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteBase64StringValue(value);
        }
    }
}
