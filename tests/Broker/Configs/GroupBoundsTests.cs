using System.Globalization;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using Xunit;

namespace KafkaCompat.Broker.Tests.Configs;

/// <summary>Each setting of the node that bounds a setting of groups does so.</summary>
public sealed class GroupBoundsTests
{
    private static readonly ConfigResource Group = new(ConfigResourceType.Group, "g");

    public static TheoryData<string> Bounds =>
        [.. ConfigCatalog.Broker.Where(static key => key is { Effect: ConfigEffect.InEffect, Reason: "bounds of the group's settings" })
            .Select(static key => key.Name)];

    [Theory]
    [MemberData(nameof(Bounds))]
    public void A_group_s_setting_beyond_it_is_refused(string bound)
    {
        // group, the protocol, min or max, and what is bounded.
        var parts = bound.Split('.', 4);
        var (isLeast, bounded) = (parts[2] == "min", $"{parts[1]}.{parts[3]}");
        var name = ConfigCatalog.Group.Single(key => key.Name == bounded || key.Name.Replace(".num.", ".", StringComparison.Ordinal) == bounded).Name;
        var byDefault = int.Parse(ConfigCatalog.FindBroker(bound)!.Default!, CultureInfo.InvariantCulture);
        var narrower = isLeast ? byDefault + 1 : byDefault - 1;
        Assert.Null(Check(bound, byDefault, name, byDefault));
        Assert.Null(Check(bound, narrower, name, narrower));
        var problem = Check(bound, narrower, name, byDefault);
        Assert.Equal(ErrorCode.InvalidConfig, problem?.Error);
        Assert.StartsWith($"{name} must be ", problem!.Message, StringComparison.Ordinal);
    }

    private static ConfigProblem? Check(string bound, int limit, string name, int value) =>
        new ResourceConfigRules(TestNode.ConfigOf((bound, Text(limit)), ($"group.{name}", Text(limit))))
            .Check(Group, new Dictionary<string, string> { [name] = Text(value) }, MetadataImage.Empty);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
