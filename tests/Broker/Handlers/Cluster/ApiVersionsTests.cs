using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What a listener serves, and the features of its cluster.</summary>
public sealed class ApiVersionsTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Features_are_told_as_a_fresh_node_of_Kafka_tells_them(short version)
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var expected = KafkaReference.Table("tables", "live-features.tsv")
            .Where(row => row["listener"] == "broker" && row["apiVersionsVersion"] == version.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .Select(static row => $"{row["kind"]} {row["feature"]} {row["min"]} {row["max"]}").Order();
        var response =
            await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1.0" }, version);
        var told = response.SupportedFeatures.Select(static f => $"supported {f.Name} {f.MinVersion} {f.MaxVersion}")
            .Concat(response.FinalizedFeatures.Select(static f => $"finalized {f.Name} {f.MinVersionLevel} {f.MaxVersionLevel}")).Order();
        Assert.Equal(expected, told);
    }

    [Fact]
    public async Task Only_what_is_served_is_advertised()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var response = await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
        var kafkas = ApiCatalog.All.ToArray().Where(static api => api is not null).ToDictionary(static api => (short)api.Key, static api => api.Broker);
        // Telemetry only while somebody subscribes to it.
        var served = Node.ServedVersions.All.Where(static api => api.Key is not (ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry)
            && ApiCatalog.Get(api.Key).Listeners.HasFlag(ApiListeners.Broker));
        Assert.Equal(served.Select(static api => (short)api.Key), response.ApiKeys.Select(static api => api.ApiKey));
        Assert.All(response.ApiKeys, api => Assert.Equal((kafkas[api.ApiKey].Min, kafkas[api.ApiKey].Max), (api.MinVersion, api.MaxVersion)));
    }
}
