using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Server.Decode;

/// <summary>Bytes of users as a person reads them: text in quotes where they are text, hexadecimal digits else.</summary>
internal static class PayloadText
{
    private const int ShownAtMost = 96;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Of(NullableBytes bytes, bool full) => bytes.IsNull ? "null" : Of(bytes.Span, full);

    public static string Of(ReadOnlySpan<byte> bytes, bool full)
    {
        var shown = full || bytes.Length <= ShownAtMost ? bytes : bytes[..ShownAtMost];
        var rest = shown.Length == bytes.Length ? "" : string.Create(CultureInfo.InvariantCulture, $"… ({bytes.Length} bytes)");
        return (AsText(shown) ?? "0x" + Convert.ToHexStringLower(shown)) + rest;
    }

    private static string? AsText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var text = Strict.GetString(bytes);
            return text.Any(static c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
                ? null
                : $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
