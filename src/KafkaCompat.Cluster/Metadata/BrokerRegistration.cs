using System.Collections.Immutable;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>A broker as the cluster knows it. A fenced broker leads nothing, and Metadata does not list it.</summary>
public sealed record BrokerRegistration
{
    public required int Id { get; init; }

    /// <summary>The offset of the registration: it orders the incarnations of one broker.</summary>
    public required long Epoch { get; init; }

    /// <summary>Drawn by each process at its start.</summary>
    public required Uuid IncarnationId { get; init; }

    public required ImmutableArray<Endpoint> Endpoints { get; init; }

    public required ImmutableArray<FeatureRange> Features { get; init; }

    public string? Rack { get; init; }

    public required bool IsFenced { get; init; }

    public bool IsInControlledShutdown { get; init; }

    public bool IsMigratingZkBroker { get; init; }

    public ImmutableArray<Uuid> LogDirs { get; init; } = [];

    /// <summary>Null until the broker has reported it.</summary>
    public ImmutableArray<Uuid>? CordonedLogDirs { get; init; }

    /// <summary>
    /// Whether a directory of this broker's serves. So do those that are not known to be elsewhere: of a broker that reported none, and of a replica that
    /// has not been given one.
    /// </summary>
    public bool HasOnline(Uuid directory) =>
        LogDirs.IsEmpty || directory == DirectoryIds.Migrating || directory == DirectoryIds.Unassigned || LogDirs.Contains(directory);

    /// <summary>May lead and be in an ISR.</summary>
    public bool IsActive => !IsFenced && !IsInControlledShutdown;

    public static BrokerRegistration From(RegisterBrokerRecord record) => new()
    {
        Id = record.BrokerId,
        Epoch = record.BrokerEpoch,
        IncarnationId = record.IncarnationId,
        Endpoints = [.. record.EndPoints.Select(e => new Endpoint(e.Name, e.Host, e.Port, e.SecurityProtocol))],
        Features = [.. record.Features.Select(f => new FeatureRange(f.Name, f.MinSupportedVersion, f.MaxSupportedVersion))],
        Rack = record.Rack,
        IsFenced = record.Fenced,
        IsInControlledShutdown = record.InControlledShutdown,
        IsMigratingZkBroker = record.IsMigratingZkBroker,
        LogDirs = [.. record.LogDirs],
        CordonedLogDirs = record.CordonedLogDirs is { } cordoned ? [.. cordoned] : null,
    };

    public BrokerRegistration After(BrokerRegistrationChangeRecord change) => this with
    {
        IsFenced = change.Fenced == 0 ? IsFenced : change.Fenced > 0,
        IsInControlledShutdown = IsInControlledShutdown || change.InControlledShutdown > 0,
        LogDirs = change.LogDirs.Count > 0 ? [.. change.LogDirs] : LogDirs,
        CordonedLogDirs = change.CordonedLogDirs is { } cordoned ? [.. cordoned] : CordonedLogDirs,
    };

    public RegisterBrokerRecord ToRecord(short version) => new()
    {
        BrokerId = Id,
        BrokerEpoch = Epoch,
        IncarnationId = IncarnationId,
        EndPoints = [
            .. Endpoints.Select(e =>
            new RegisterBrokerRecord.BrokerEndpoint { Name = e.Name, Host = e.Host, Port = (ushort)e.Port, SecurityProtocol = e.SecurityProtocol })],
        Features =
            [.. Features.Select(f => new RegisterBrokerRecord.BrokerFeature { Name = f.Name, MinSupportedVersion = f.Min, MaxSupportedVersion = f.Max })],
        Rack = Rack,
        Fenced = IsFenced,
        InControlledShutdown = version >= 1 && IsInControlledShutdown,
        IsMigratingZkBroker = version >= 2 && IsMigratingZkBroker,
        LogDirs = version >= 3 ? [.. LogDirs] : [],
        CordonedLogDirs = version >= 4 && CordonedLogDirs is { } cordoned ? [.. cordoned] : null,
    };
}
