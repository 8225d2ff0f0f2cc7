using System.Globalization;
using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>One entry of <c>listeners</c> or <c>advertised.listeners</c>: <c>NAME://host:port</c>. An empty host means every interface.</summary>
public sealed partial record ListenerEndpoint(string Name, string Host, int Port, string SecurityProtocol)
{
    /// <summary>What the resolver of names takes.</summary>
    internal const int MaxHostLength = 255;

    /// <summary><c>host:port</c> as a client writes it; every interface is <c>*</c>.</summary>
    public string Address => $"{(Host.Length == 0 ? "*" : Bracketed)}:{Port.ToString(CultureInfo.InvariantCulture)}";

    private bool IsEveryInterface => Host is "" or "0.0.0.0" or "::";

    /// <summary>Of the two loopback addresses one port each could be had, but a name stands for both.</summary>
    private bool IsLoopback => Host is "127.0.0.1" or "::1" || Host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    private string Bracketed => Host.Contains(':') ? $"[{Host}]" : Host;

    public override string ToString() => $"{Name}://{Bracketed}:{Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Whether somebody can listen there: the port is one, and the host can be looked up.</summary>
    internal bool CanBeBound => Port is >= 0 and <= ushort.MaxValue && Host.Length <= MaxHostLength;

    /// <summary>Whether one port of this machine would serve both, as far as their names show.</summary>
    internal bool SharesPortWith(ListenerEndpoint other) =>
        Port == other.Port && Port > 0
        && (IsEveryInterface || other.IsEveryInterface || Host.Equals(other.Host, StringComparison.OrdinalIgnoreCase) || (IsLoopback && other.IsLoopback));

    /// <summary>Whether a text is a host, which may be empty, and a port that can be bound.</summary>
    public static bool IsHostPort(string text) =>
        TryParse($"X://{text}", out _, out var host, out var port) && new ListenerEndpoint("X", host, port, "").CanBeBound;

    /// <summary>Reads one entry; false when it has not the shape of an endpoint. The protocol is looked up by the caller, and the port may be none.</summary>
    internal static bool TryParse(string text, out string name, out string host, out int port)
    {
        (name, host, port) = ("", "", 0);
        if (Shape().Match(text) is not { Success: true } match || JavaText.Int(match.Groups["port"].ValueSpan) is not { } number) return false;
        (name, host, port) = (match.Groups["name"].Value.ToUpperInvariant(), match.Groups["host"].Value, number);
        return true;
    }

    [GeneratedRegex(@"^(?<name>.+)://\[?(?<host>[0-9a-zA-Z\-%._:]*)\]?:(?<port>-?[0-9]+)\z")]
    private static partial Regex Shape();
}
