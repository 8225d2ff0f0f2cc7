namespace KafkaCompat.Server.Settings;

/// <summary>What the command line says of a node.</summary>
/// <param name="PropertiesFile">The <c>server.properties</c> to read, if one was named.</param>
/// <param name="Overrides">The settings of <c>--override</c>, in their order.</param>
internal sealed record NodeArguments(string? PropertiesFile, IReadOnlyList<KeyValuePair<string, string>> Overrides)
{
    /// <summary>A command line that says nothing of a node.</summary>
    public static NodeArguments None { get; } = new(null, []);

    /// <summary>The port of <c>--port</c>, if it was given.</summary>
    public int? Port { get; init; }
}
