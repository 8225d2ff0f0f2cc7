using System.Collections.Immutable;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>A controller as the cluster knows it.</summary>
public sealed record ControllerRegistration(
    int Id, Uuid IncarnationId, bool IsZkMigrationReady, ImmutableArray<Endpoint> Endpoints, ImmutableArray<FeatureRange> Features)
{
    public static ControllerRegistration From(RegisterControllerRecord record) => new(
        record.ControllerId,
        record.IncarnationId,
        record.ZkMigrationReady,
        [.. record.EndPoints.Select(e => new Endpoint(e.Name, e.Host, e.Port, e.SecurityProtocol))],
        [.. record.Features.Select(f => new FeatureRange(f.Name, f.MinSupportedVersion, f.MaxSupportedVersion))]);

    public RegisterControllerRecord ToRecord() => new()
    {
        ControllerId = Id,
        IncarnationId = IncarnationId,
        ZkMigrationReady = IsZkMigrationReady,
        EndPoints = [
            .. Endpoints.Select(e =>
            new RegisterControllerRecord.ControllerEndpoint { Name = e.Name, Host = e.Host, Port = (ushort)e.Port, SecurityProtocol = e.SecurityProtocol })],
        Features = [
            .. Features.Select(f =>
            new RegisterControllerRecord.ControllerFeature { Name = f.Name, MinSupportedVersion = f.Min, MaxSupportedVersion = f.Max })],
    };
}
