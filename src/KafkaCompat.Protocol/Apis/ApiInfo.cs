namespace KafkaCompat.Protocol;

/// <summary>The kinds of listener an API is there on.</summary>
[Flags]
public enum ApiListeners
{
    /// <summary>On none: removed.</summary>
    None = 0,

    /// <summary>On a broker's.</summary>
    Broker = 1,

    /// <summary>On a controller's.</summary>
    Controller = 2,
}

/// <summary>The facts of one API of the protocol.</summary>
/// <param name="Key">The key.</param>
/// <param name="Name">Kafka's name.</param>
/// <param name="Versions">The versions that have a schema; none where the API is removed.</param>
/// <param name="FlexibleRequest">The flexible versions of the request.</param>
/// <param name="FlexibleResponse">The flexible versions of the response.</param>
/// <param name="Listeners">Where the API is there.</param>
/// <param name="Broker">What Kafka advertises on a broker's listener.</param>
/// <param name="Controller">What Kafka advertises on a controller's listener.</param>
/// <param name="LatestVersionUnstable">Whether the highest version is only there where unstable ones are enabled.</param>
/// <param name="Forwardable">Whether a broker passes the request on to the controller.</param>
/// <param name="ClusterAction">Whether it needs the right to act on the cluster.</param>
/// <param name="AdvertisedIf">The condition of its being advertised, in words.</param>
public sealed record ApiInfo(
    ApiKey Key,
    string Name,
    ApiVersionRange Versions,
    ApiVersionRange FlexibleRequest,
    ApiVersionRange FlexibleResponse,
    ApiListeners Listeners,
    ApiVersionRange Broker,
    ApiVersionRange Controller,
    bool LatestVersionUnstable,
    bool Forwardable,
    bool ClusterAction,
    string? AdvertisedIf)
{
    /// <summary>The version of the header of requests in a version, also in one that is not there: clients ask for the newest first.</summary>
    public short RequestHeaderVersion(short version) => !FlexibleRequest.IsEmpty && version >= FlexibleRequest.Min ? (short)2 : (short)1;

    /// <summary>The version of the header of responses in a version. ApiVersions keeps 0, since its reader does not know the version yet.</summary>
    public short ResponseHeaderVersion(short version) =>
        Key != ApiKey.ApiVersions && !FlexibleResponse.IsEmpty && version >= FlexibleResponse.Min ? (short)1 : (short)0;
}
