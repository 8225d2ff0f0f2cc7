using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Feature levels set as a single node of Kafka 4.4 set them, or refused in its words.</summary>
public sealed class UpdateFeaturesTests
{
    private const string Refused = "The update failed for all features since the following feature had an error: ";

    private readonly TestController _node = TestController.New();

    [Theory]
    [InlineData("metadata.version", 34, 1, "Invalid update version 34 for feature metadata.version. Local controller 1 only supports versions 7-33")]
    [InlineData("metadata.version", 0, 2, "Invalid update version 0 for feature metadata.version. Local controller 1 only supports versions 7-33")]
    [InlineData("metadata.version", 32, 1,
        "Invalid update version 32 for feature metadata.version. Can't downgrade the version of this feature without setting the upgrade type to either "
        + "safe or unsafe downgrade.")]
    [InlineData("metadata.version", 32, 2,
        "Unsupported metadata.version downgrade from 33 to 32. Refusing to perform the requested downgrade because it might delete metadata information.")]
    [InlineData("metadata.version", 32, 3, "Unsupported metadata.version downgrade from 33 to 32. Unsafe metadata downgrade is not supported in this version.")]
    [InlineData("metadata.version", 33, 1, null)]
    [InlineData("group.version", 0, 2, null)]
    [InlineData("group.version", 0, 3, null)]
    [InlineData("group.version", 0, 1,
        "Invalid update version 0 for feature group.version. Can't downgrade the version of this feature without setting the upgrade type to either safe or "
        + "unsafe downgrade.")]
    [InlineData("group.version", 2, 1, "Invalid update version 2 for feature group.version. Local controller 1 only supports versions 0-1")]
    [InlineData("group.version", -1, 2, "Invalid update version -1 for feature group.version. A feature version cannot be less than 0.")]
    [InlineData("group.version", 0, 0, "Invalid update version 0 for feature group.version. The controller does not support the given upgrade type.")]
    [InlineData("kraft.version", 1, 1, null)]
    [InlineData("kraft.version", 0, 2, "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this feature.")]
    [InlineData("kraft.version", 0, 1,
        "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this feature without setting the upgrade type to either safe or "
        + "unsafe downgrade.")]
    [InlineData("kraft.version", 2, 1, "Invalid update version 2 for feature kraft.version. Local controller 1 only supports versions 0-1")]
    [InlineData("nope", 1, 1, "Invalid update version 1 for feature nope. Local controller 1 does not support this feature.")]
    public void A_level_is_set_or_refused_in_Kafkas_words(string feature, short level, sbyte kind, string? problem)
    {
        var decision = _node.State.Decide(Request((feature, level, kind)), 2);
        Assert.Equal(
            (problem is null ? ErrorCode.None : ErrorCode.InvalidUpdateVersion, problem is null ? null : Refused + problem),
            (decision.Reply.ErrorCode, decision.Reply.ErrorMessage));
        _node.Apply(decision);
        if (problem is null && feature != "kraft.version") Assert.Equal(level, _node.State.Image.Features.GetValueOrDefault(feature));
    }

    [Fact]
    public void One_refusal_refuses_all_and_validation_alone_writes_nothing()
    {
        var refused = _node.State.Decide(Request(("group.version", 0, 2), ("nope", 1, 1)), 1);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, refused.Reply.ErrorCode);
        Assert.Empty(refused.Reply.Results);
        Assert.Empty(refused.Records);
        var request = Request(("group.version", 0, 2));
        request.ValidateOnly = true;
        var validated = _node.State.Decide(request, 1);
        Assert.Empty(validated.Records);
        Assert.Equal([("group.version", ErrorCode.None, "NONE")], validated.Reply.Results.Select(r => (r.Feature, r.ErrorCode, r.ErrorMessage)));
    }

    [Fact]
    public void Of_two_levels_for_one_feature_the_last_counts_and_version_2_has_no_results()
    {
        var decision = _node.State.Decide(Request(("group.version", 0, 2), ("group.version", 1, 1)), 2);
        Assert.Equal(["""FeatureLevelRecord {"name":"group.version","featureLevel":1}"""], _node.Apply(decision));
        Assert.Empty(decision.Reply.Results);
    }

    [Fact]
    public void An_old_metadata_version_goes_up_with_what_rests_on_it_and_down_where_nothing_is_lost()
    {
        var node = TestController.Over(new MetadataLoader(), 3);
        node.Apply([new(new FeatureLevelRecord { Name = "metadata.version", FeatureLevel = 20 }, 0)]);
        Assert.Equal(
            Refused + "Invalid update version 1 for feature eligible.leader.replicas.version. eligible.leader.replicas.version could not be set to 1 "
                + "because it depends on metadata.version level 23",
            node.State.Decide(Request(("eligible.leader.replicas.version", 1, 1), ("metadata.version", 22, 1)), 2).Reply.ErrorMessage);
        Assert.Equal(["""FeatureLevelRecord {"name":"metadata.version","featureLevel":18}"""],
            node.Apply(node.State.Decide(Request(("metadata.version", 18, 2)), 2)));
        Assert.Equal(
            Refused + "Invalid update version 20 for feature metadata.version. Can't downgrade to a newer version.",
            node.State.Decide(Request(("metadata.version", 20, 2)), 2).Reply.ErrorMessage);
        Assert.Equal(
            [
                """ConfigRecord {"resourceType":4,"resourceName":"","name":"min.insync.replicas","value":"1"}""",
                """FeatureLevelRecord {"name":"metadata.version","featureLevel":24}""",
                """FeatureLevelRecord {"name":"eligible.leader.replicas.version","featureLevel":1}""",
            ],
            node.Apply(node.State.Decide(Request(("eligible.leader.replicas.version", 1, 1), ("metadata.version", 24, 1)), 2)));
    }

    private static UpdateFeaturesRequest Request(params (string Feature, short Level, sbyte Kind)[] updates) => new()
    {
        FeatureUpdates =
            [.. updates.Select(u => new UpdateFeaturesRequest.FeatureUpdateKey { Feature = u.Feature, MaxVersionLevel = u.Level, UpgradeType = u.Kind })],
    };
}
