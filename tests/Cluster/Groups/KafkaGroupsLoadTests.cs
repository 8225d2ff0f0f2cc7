using System.Buffers;
using System.Text.Json;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>
/// The group logs that Apache Kafka wrote, loaded into shards: what a shard answers equals what Kafka answered after opening the same
/// directory. Groups of the newer protocols are compared in listings; their own describe calls are not served here.
/// </summary>
public sealed class KafkaGroupsLoadTests
{
    public static TheoryData<string> Archives => ["groups", "compacted", "transactions", "transactions-expiring"];

    [Theory]
    [MemberData(nameof(Archives))]
    public void Listings_equal_Kafkas(string archive)
    {
        var shards = Load(archive);
        foreach (var asked in Answers(archive, "ListGroups"))
        {
            var expected = asked.GetProperty("response").GetProperty("groups").EnumerateArray()
                .Select(g => $"{Text(g, "groupId")} {Text(g, "protocolType")} {Text(g, "groupState")} {Text(g, "groupType")}").Order(StringComparer.Ordinal);
            var actual = shards
                .SelectMany(shard => ((GroupListing)Ask(shard, new ListGroupsCommand([], []))).Groups)
                .Select(g => $"{g.GroupId} {g.ProtocolType} {g.GroupState} {g.GroupType}").Order(StringComparer.Ordinal);
            Assert.Equal(expected, actual);
        }
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void Descriptions_equal_Kafkas(string archive)
    {
        var shards = Load(archive);
        var compared = 0;
        foreach (var asked in Answers(archive, "DescribeGroups"))
        {
            foreach (var expected in asked.GetProperty("response").GetProperty("groups").EnumerateArray())
            {
                var groupId = Text(expected, "groupId");
                var actual = (DescribeGroupsResponse.DescribedGroup)Ask(Shard(shards, groupId), new DescribeGroupCommand(groupId));
                Assert.Equal(expected.GetProperty("errorCode").GetInt16(), (short)actual.ErrorCode);
                Assert.Equal(expected.GetProperty("errorMessage").GetString(), actual.ErrorMessage);
                Assert.Equal(Text(expected, "groupState"), actual.GroupState);
                Assert.Equal(Text(expected, "protocolType"), actual.ProtocolType);
                Assert.Equal(Text(expected, "protocolData"), actual.ProtocolData);
                Assert.Equal(
                    expected.GetProperty("members").EnumerateArray().Select(m =>
                        $"{Text(m, "memberId")} {m.GetProperty("groupInstanceId").GetString()} {Text(m, "clientId")} {Text(m, "clientHost")} "
                        + $"{Text(m, "memberMetadata")} {Text(m, "memberAssignment")}").Order(StringComparer.Ordinal),
                    actual.Members.Select(m =>
                        $"{m.MemberId} {m.GroupInstanceId} {m.ClientId} {m.ClientHost} "
                        + $"{Convert.ToBase64String(m.MemberMetadata)} {Convert.ToBase64String(m.MemberAssignment)}").Order(StringComparer.Ordinal));
                compared++;
            }
        }
        Assert.True(compared > 0);
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void Committed_offsets_equal_Kafkas(string archive)
    {
        var shards = Load(archive);
        var ids = Answers(archive, "Metadata").SelectMany(asked => asked.GetProperty("response").GetProperty("topics").EnumerateArray())
            .Select(topic => (Name: Text(topic, "name"), Id: Text(topic, "topicId"))).Distinct().ToDictionary(topic => topic.Name, topic => topic.Id);
        var compared = 0;
        foreach (var asked in Answers(archive, "OffsetFetch"))
        {
            var requireStable = asked.GetProperty("request").GetProperty("requireStable").GetBoolean();
            foreach (var expected in asked.GetProperty("response").GetProperty("groups").EnumerateArray())
            {
                var groupId = Text(expected, "groupId");
                var actual = (OffsetFetchResponse.OffsetFetchResponseGroup)Ask(
                    Shard(shards, groupId),
                    new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = groupId, Topics = null }, requireStable));
                Assert.Equal(expected.GetProperty("errorCode").GetInt16(), (short)actual.ErrorCode);
                var wanted = expected.GetProperty("topics").EnumerateArray().SelectMany(topic => topic.GetProperty("partitions").EnumerateArray()
                    .Select(p => $"{Text(topic, "topicId")}-{p.GetProperty("partitionIndex")} {p.GetProperty("committedOffset")} "
                        + $"{p.GetProperty("committedLeaderEpoch")} {Text(p, "metadata")} {p.GetProperty("errorCode")}")).Order(StringComparer.Ordinal)
                            .ToList();
                Assert.Equal(
                    wanted,
                    actual.Topics.Where(topic => ids.ContainsKey(topic.Name)).SelectMany(topic => topic.Partitions.Select(p =>
                        $"{ids[topic.Name]}-{p.PartitionIndex} {p.CommittedOffset} {p.CommittedLeaderEpoch} {p.Metadata} {(short)p.ErrorCode}"))
                            .Order(StringComparer.Ordinal));
                compared += wanted.Count;
            }
        }
        Assert.True(compared > 0);
    }

    /// <summary>Every record that is followed encodes to the bytes that Kafka wrote, in the version that is chosen here.</summary>
    [Theory]
    [MemberData(nameof(Archives))]
    public void Records_encode_to_Kafkas_bytes(string archive)
    {
        var compared = 0;
        foreach (var segment in OffsetsLogs.Read(archive).Values.SelectMany(segments => segments))
        {
            foreach (var batch in RecordBatchEnumerator.Over(segment))
            {
                if (batch.Header.IsControl)
                    continue;
                using var reader = new RecordBatchReader(batch);
                while (reader.MoveNext())
                {
                    var key = reader.Current.Key.ToArray()!;
                    var value = reader.Current.Value.ToArray();
                    if (!GroupRecordCodec.TryRead(key, value, out var record))
                        continue;
                    var output = new ArrayBufferWriter<byte>();
                    ShardRecordSerde.WriteKey(record, output);
                    Assert.Equal(key, output.WrittenSpan.ToArray());
                    compared++;
                    if (value is null)
                        continue;
                    output = new ArrayBufferWriter<byte>();
                    ShardRecordSerde.WriteValue(record, output);
                    Assert.Equal(value, output.WrittenSpan.ToArray());
                }
            }
        }
        Assert.True(compared > 0);
    }

    private static Now At(long tickMs) => new(1_800_000_000_000 + tickMs, tickMs);

    private static List<GroupShard> Load(string archive)
    {
        var shards = new List<GroupShard>();
        foreach (var segments in OffsetsLogs.Read(archive).Values)
        {
            var shard = new GroupShard(new GroupSettings());
            long unreadable = 0;
            foreach (var segment in segments)
                _ = ShardRecordSerde.Apply(shard, new ReadOnlySequence<byte>(segment), ref unreadable);
            Assert.Equal(0, unreadable);
            shard.Install(shard.OnLoaded(At(0)), At(0));
            shards.Add(shard);
        }
        return shards;
    }

    private static GroupShard Shard(List<GroupShard> shards, string groupId) => shards[ShardPartition.For(groupId, shards.Count)];

    private static object Ask(GroupShard shard, GroupCommand command)
    {
        var decision = shard.Decide(command, new Ticket(7), At(1));
        Assert.Empty(decision.Records);
        return Assert.Single(decision.Replies).Body;
    }

    private static JsonElement.ArrayEnumerator Answers(string archive, string api) =>
        JsonDocument.Parse(File.ReadAllText(KafkaReference.Require("datadirs", archive + ".expected", "answers", api + ".json"))).RootElement.EnumerateArray();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
