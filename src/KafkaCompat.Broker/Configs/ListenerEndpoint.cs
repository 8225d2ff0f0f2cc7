using System.Globalization;

namespace KafkaCompat.Broker.Configs;

/// <summary>One entry of <c>listeners</c> or <c>advertised.listeners</c>: <c>NAME://host:port</c>. An empty host means every interface.</summary>
public sealed record ListenerEndpoint(string Name, string Host, int Port, string SecurityProtocol)
{
    /// <summary><c>host:port</c> as a client writes it; every interface is <c>*</c>.</summary>
    public string Address => $"{(Host.Length == 0 ? "*" : Bracketed)}:{Port.ToString(CultureInfo.InvariantCulture)}";

    private string Bracketed => Host.Contains(':') ? $"[{Host}]" : Host;

    public override string ToString() => $"{Name}://{Bracketed}:{Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Reads one entry; false when it has not the shape of an endpoint. The protocol is looked up by the caller.</summary>
    internal static bool TryParse(string text, out string name, out string host, out int port)
    {
        (name, host, port) = ("", "", 0);
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var colon = text.LastIndexOf(':');
        if (scheme <= 0 || colon < scheme + 3
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out port) || port is < -1 or > 65535)
        {
            return false;
        }

        name = text[..scheme].ToUpperInvariant();
        host = text[(scheme + 3)..colon];
        if (host is ['[', .. var inner, ']'])
        {
            host = inner;
        }

        return !host.Contains('/') && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
    }
}
