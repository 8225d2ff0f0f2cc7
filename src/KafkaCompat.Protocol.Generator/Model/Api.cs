namespace KafkaCompat.Protocol.Generator.Model;

/// <summary>One API key with both its sides.</summary>
internal sealed class Api
{
    public required int Key { get; init; }

    public required string Name { get; init; }

    public bool Removed { get; set; }

    public List<string> Listeners { get; } = [];

    /// <summary>What ApiVersions advertises on a broker's listener; empty where it is not there.</summary>
    public VersionRange Broker { get; set; } = VersionRange.None;

    /// <summary>What ApiVersions advertises on a controller's listener; empty where it is not there.</summary>
    public VersionRange Controller { get; set; } = VersionRange.None;

    public bool LatestVersionUnstable { get; set; }

    public bool Forwardable { get; set; }

    public bool ClusterAction { get; set; }

    public string? AdvertisedIf { get; set; }

    public Message? Request { get; set; }

    public Message? Response { get; set; }

    public int Line { get; init; }
}
