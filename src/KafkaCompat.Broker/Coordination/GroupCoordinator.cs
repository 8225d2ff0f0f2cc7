using System.Collections.Concurrent;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Coordination;

/// <summary>The coordinator of groups: what can be asked of all of them at once, and what is logged of each.</summary>
/// <param name="settings">What groups may do.</param>
/// <param name="surroundings">What its loops live on.</param>
/// <param name="image">The metadata as the handlers read it at the moment of asking; see <see cref="ShardKind{TShard}.Image"/>.</param>
public sealed class GroupCoordinator(GroupSettings settings, ShardSurroundings surroundings, Func<MetadataImage>? image = null)
    : Coordinator<GroupShard>(KindOf(settings, image), surroundings)
{
    private readonly ConcurrentDictionary<int, GroupCounts> _counts = new();

    /// <summary>What the groups of all shards are in numbers. A shard that is at work is counted as it was a moment ago.</summary>
    public GroupCounts Count()
    {
        var groups = new Dictionary<(GroupType, string), int>();
        var offsets = 0;
        foreach (var partition in LookAtAll((partition, shard) => _counts[partition] = shard?.Count() ?? GroupCounts.None))
        {
            var counts = _counts.GetValueOrDefault(partition, GroupCounts.None);
            foreach (var (key, count) in counts.Groups)
                groups[key] = groups.GetValueOrDefault(key) + count;
            offsets += counts.Offsets;
        }
        return new GroupCounts(groups, offsets);
    }

    /// <summary>The groups of all shards here. A shard that still loads makes the whole listing wait: half a list would look like the whole.</summary>
    public async ValueTask<GroupListing> List(ListGroupsCommand command)
    {
        var groups = new List<Protocol.Messages.ListGroupsResponse.ListedGroup>();
        foreach (var answer in AskAll(command))
        {
            var listing = (GroupListing)await answer;
            if (listing.Error is not (ErrorCode.None or ErrorCode.NotCoordinator))
                return new GroupListing(listing.Error, []);
            groups.AddRange(listing.Groups);
        }
        return new GroupListing(ErrorCode.None, groups);
    }

    private static ShardKind<GroupShard> KindOf(GroupSettings settings, Func<MetadataImage>? image) =>
        new(InternalTopics.Offsets, () => new GroupShard(settings))
        {
            Codec = settings.OffsetsCodec,
            CommitTimeoutMs = settings.OffsetsCommitTimeoutMs,
            Image = image,
            Events = GroupEvents.Of,
        };
}
