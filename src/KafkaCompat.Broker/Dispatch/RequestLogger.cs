using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// What was asked, as a log has it: at DEBUG a line a request with its times, at TRACE what stood in it and in its answer, without secrets and cut at
/// <see cref="MaxContentBytes"/>. Where neither is on, a request asks for the level once and nothing else is done.
/// </summary>
public sealed partial class RequestLogger(ILogger logger)
{
    /// <summary>Bytes of a message that the log shows.</summary>
    public const int MaxContentBytes = 16 * 1024;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether requests have lines of their own now.</summary>
    internal bool IsOn => logger.IsEnabled(LogLevel.Debug);

    private bool HasContent => logger.IsEnabled(LogLevel.Trace);

    /// <summary>A request was read and its handler begins.</summary>
    internal void Asked(IRequest request, RequestContext context)
    {
        if (HasContent)
            Content(logger, context.Key, context.ApiVersion, context.CorrelationId, context.Connection.ConnectionId, TextOf(request, context.ApiVersion));
    }

    /// <summary>Its answer is in the connection's pipe, or it gets none.</summary>
    internal void Answered(RequestContext context, IResponse? response, int requestBytes, int responseBytes, in RequestTimes times)
    {
        if (HasContent && response is not null)
        {
            AnswerContent(logger, context.Key, context.ApiVersion, context.CorrelationId, context.Connection.ConnectionId,
                TextOf(response, context.ApiVersion));
        }

        if (!IsOn) return;
        Line(logger, context.Key, context.ApiVersion, context.CorrelationId, context.ClientId, context.RemoteAddress, context.Connection.RemotePort,
            context.Connection.ConnectionId,
            context.ListenerName, requestBytes, responseBytes, times.TotalMs, times.QueueMs, times.LocalMs, times.RemoteMs, times.SendMs);
    }

    /// <summary>A message as the log shows it.</summary>
    internal static string TextOf(IMessage message, short version)
    {
        var content = new BoundedContent();
        using var json = new Utf8JsonWriter(content, Options);
        try
        {
            LoggedContent.Write(message, json, version, SettingsText.MayShow);
            json.Flush();
        }
        catch (ContentIsFullException)
        {
            // What it holds still is written with its end otherwise.
            json.Reset();
            return $"{content.Text}… (cut at {MaxContentBytes} bytes)";
        }
        return content.Text;
    }

    [LoggerMessage(1020, LogLevel.Debug,
        "{Key} {Version} (correlation id {CorrelationId}) of client {ClientId} at {Address}:{Port}, connection {ConnectionId}, listener {Listener}: "
        + "{RequestBytes} bytes were answered with {ResponseBytes} in {TotalMs} ms: queue {QueueMs}, local {LocalMs}, remote {RemoteMs}, send {SendMs}.")]
    private static partial void Line(
        ILogger logger, ApiKey key, short version, int correlationId, string? clientId, IPAddress address, int port, string connectionId, string listener,
        int requestBytes,
        int responseBytes, double totalMs, double queueMs, double localMs, double remoteMs, double sendMs);

    [LoggerMessage(1021, LogLevel.Trace, "{Key} {Version} (correlation id {CorrelationId}) on {ConnectionId} asks: {Content}", SkipEnabledCheck = true)]
    private static partial void Content(ILogger logger, ApiKey key, short version, int correlationId, string connectionId, string content);

    [LoggerMessage(1022, LogLevel.Trace, "{Key} {Version} (correlation id {CorrelationId}) on {ConnectionId} is answered: {Content}", SkipEnabledCheck = true)]
    private static partial void AnswerContent(ILogger logger, ApiKey key, short version, int correlationId, string connectionId, string content);

    /// <summary>Takes as many bytes as a line may have, and then none.</summary>
    private sealed class BoundedContent : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public string Text => Encoding.UTF8.GetString(_bytes.WrittenSpan[..Math.Min(_bytes.WrittenCount, MaxContentBytes)]);

        public void Advance(int count)
        {
            _bytes.Advance(count);
            if (_bytes.WrittenCount > MaxContentBytes) throw new ContentIsFullException();
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _bytes.GetSpan(sizeHint);
    }

    private sealed class ContentIsFullException : Exception;
}
