using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KafkaCompat.Protocol;

namespace KafkaCompat.Server.Decode;

/// <summary>Messages as Kafka's JSON.</summary>
internal static class MessageText
{
    public static string Of(IMessage message, short version, bool indented)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            message.WriteJson(json, version);
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
