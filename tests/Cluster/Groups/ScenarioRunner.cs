using System.Buffers;
using System.Globalization;
using System.Text;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>
/// Plays a scenario against a shard. A line without indentation is a command; indented lines are what followed: records written, and
/// replies under the name of the client that asked. After every command the log is loaded into a second shard, which must hold the same
/// durable state as the first.
///
/// Commands (group <c>g</c> unless <c>group=</c> says otherwise; a client's member id and generation are those of its last reply):
/// <code>
/// settings size=2 delay=3000 retention=60000       before anything else
/// at 3000                                          time passes; deadlines are worked off one after another
/// clock 300000                                     somebody sets the wall clock forward by so much, or back; no time passes
/// join A v=9 protocols=range,rr session=10000 rebalance=20000 instance=i type=consumer id=A-1 subscribes=t,u
/// sync A assign=A-1:x,B-2:y gen=1                  heartbeat A, leave A B, leave instance=i
/// commit A t-0=5 t-1=6:metadata                    commit - for no member; fetch, fetch stable; describe; list
/// transaction 7 t-0=9                              an undecided offset of producer 7; commit-transaction 7, abort-transaction 7
/// forget t                                         the topic is deleted delete, delete-offsets t-0 u-1                   an operator removes the group, or
/// offsets of it consumer-group                                   records of a group of KIP-848; consumer-member M, consumer-member-gone M reload size=1
/// go on with the shard that was loaded from the log, with another size
/// </code>
/// </summary>
internal sealed class ScenarioRunner
{
    private const string Topic = "t";
    private readonly StringBuilder _out = new();
    private readonly ArrayBufferWriter<byte> _log = new();
    private readonly Dictionary<string, Client> _clients = [];
    private readonly List<string> _askers = [];
    private GroupSettings _settings = new();
    private GroupShard _shard = new(new GroupSettings());
    private long _nextOffset;
    private long _now;
    private long _wallIsAhead;
    private int _members;

    private Now Now => new(_now + _wallIsAhead, _now);

    public static string Play(IEnumerable<string> lines)
    {
        var runner = new ScenarioRunner();
        foreach (var line in lines)
        {
            if (line.StartsWith(' '))
                continue;
            _ = runner._out.Append(line).Append('\n');
            if (line.Length > 0 && line[0] != '#')
                runner.Run(line);
        }
        return runner._out.ToString();
    }

    private void Run(string line)
    {
        var words = line.Split(' ');
        var options = words.Skip(1).Where(w => w.Contains('=')).Select(w => w.Split('=', 2)).Where(w => !w[0].StartsWith(Topic + "-", StringComparison.Ordinal))
            .ToDictionary(w => w[0], w => w[1]);
        var names = words.Skip(1).Where(w => !w.Contains('=')).ToArray();
        var offsets = words.Skip(1).Where(w => w.StartsWith(Topic + "-", StringComparison.Ordinal) && w.Contains('=')).ToArray();
        switch (words[0])
        {
            case "settings":
                _settings = new GroupSettings
                {
                    MaxSize = Number(options, "size", int.MaxValue),
                    InitialRebalanceDelayMs = Number(options, "delay", 3_000),
                    OffsetsRetentionMs = Number(options, "retention", 600_000_000),
                    OffsetsRetentionCheckIntervalMs = 10_000,
                };
                _shard = new GroupShard(_settings);
                _shard.Install(_shard.OnLoaded(Now), Now);
                return;
            case "at":
                Advance(long.Parse(names[0], CultureInfo.InvariantCulture));
                break;
            case "clock":
                _wallIsAhead += long.Parse(names[0], CultureInfo.InvariantCulture);
                break;
            case "join":
                Join(names[0], options);
                break;
            case "sync":
                Sync(names[0], options);
                break;
            case "heartbeat":
                Ask(names[0], new HeartbeatCommand(new HeartbeatRequest
                {
                    GroupId = GroupOf(options),
                    MemberId = MemberOf(names[0], options),
                    GroupInstanceId = options.GetValueOrDefault("instance"),
                    GenerationId = Number(options, "gen", ClientOf(names[0]).Generation),
                }));
                break;
            case "leave":
                Leave(names, options);
                break;
            case "commit":
                Commit(names[0], options, offsets);
                break;
            case "fetch":
                Ask("fetch", new FetchOffsetsCommand(
                    new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = GroupOf(options), Topics = null }, names.Contains("stable")));
                break;
            case "describe":
                Ask("describe", new DescribeGroupCommand(GroupOf(options)));
                break;
            case "list":
                Ask("list", new ListGroupsCommand([.. names], []));
                break;
            case "forget":
                Ask("forget", new ForgetTopicsCommand(names));
                break;
            case "delete":
                Ask("delete", new DeleteGroupCommand(GroupOf(options)));
                break;
            case "delete-offsets":
                Ask("delete", new DeleteOffsetsCommand(new OffsetDeleteRequest
                {
                    GroupId = GroupOf(options),
                    Topics = [.. names.Select(name => Parse(name + "=0").Position).GroupBy(position => position.Topic)
                        .Select(topic => new OffsetDeleteRequest.OffsetDeleteRequestTopic
                        {
                            Name = topic.Key,
                            Partitions =
                                [.. topic.Select(position => new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = position.Partition })],
                        })],
                }));
                break;
            case "transaction":
                foreach (var (position, offset, metadata) in offsets.Select(Parse))
                {
                    Append([GroupRecord.Offset(GroupOf(options), position, new CommittedOffset(offset, -1, metadata, Now.WallMs, null, Uuid.Zero, 0))],
                        long.Parse(names[0], CultureInfo.InvariantCulture));
                }

                break;
            case "commit-transaction" or "abort-transaction":
                AppendMarker(long.Parse(names[0], CultureInfo.InvariantCulture), words[0][0] == 'c');
                break;
            case "consumer-group":
                Append([new ShardRecord(3, new ConsumerGroupMetadataKey { GroupId = GroupOf(options) }, 0, new ConsumerGroupMetadataValue { Epoch = 1 })], -1);
                break;
            case "consumer-member" or "consumer-member-gone":
                Append(
                    [new ShardRecord(
                        5,
                        new ConsumerGroupMemberMetadataKey { GroupId = GroupOf(options), MemberId = names[0] },
                        0,
                        words[0] == "consumer-member" ? new ConsumerGroupMemberMetadataValue { ClientId = names[0] } : null)],
                    -1);
                break;
            case "reload":
                if (options.ContainsKey("size"))
                    _settings = _settings with { MaxSize = Number(options, "size", int.MaxValue) };
                _shard = Reload();
                break;
            default:
                throw new InvalidOperationException($"No such command: {line}");
        }
        CheckDurableState();
    }

    private void Advance(long to)
    {
        // A shard that never comes to rest is a fault of its own.
        for (var turns = 0; _shard.NextDeadline <= to; turns++)
        {
            if (turns > 10_000)
                throw new InvalidOperationException("The shard's deadline does not move on.");
            _now = Math.Max(_now, _shard.NextDeadline);
            Execute(_shard.OnDeadline(Now));
        }
        _now = to;
    }

    private void Join(string name, Dictionary<string, string> options)
    {
        var version = Number(options, "v", 9);
        var metadata = options.GetValueOrDefault("subscribes") is { } topics ? Subscription(topics.Split(','))
            : Encoding.UTF8.GetBytes(options.GetValueOrDefault("metadata", name));
        Ask(name, new JoinGroupCommand(
            new JoinGroupRequest
            {
                GroupId = GroupOf(options),
                MemberId = MemberOf(name, options),
                GroupInstanceId = options.GetValueOrDefault("instance"),
                SessionTimeoutMs = Number(options, "session", 10_000),
                RebalanceTimeoutMs = Number(options, "rebalance", 20_000),
                ProtocolType = options.GetValueOrDefault("type", "consumer"),
                Protocols = [.. options.GetValueOrDefault("protocols", "range").Split(',', StringSplitOptions.RemoveEmptyEntries)
                    .Select(protocol => new JoinGroupRequest.JoinGroupRequestProtocol { Name = protocol, Metadata = metadata })],
            },
            name, "/127.0.0.1", $"{++_members}", version >= 4, version >= 9));
    }

    /// <summary>What a consumer tells of itself: version 0, its topics.</summary>
    private static byte[] Subscription(string[] topics)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        writer.WriteInt16(0);
        new ConsumerProtocolSubscription { Topics = [.. topics] }.Write(ref writer, 0);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private void Sync(string name, Dictionary<string, string> options) => Ask(name, new SyncGroupCommand(new SyncGroupRequest
    {
        GroupId = GroupOf(options),
        MemberId = MemberOf(name, options),
        GroupInstanceId = options.GetValueOrDefault("instance"),
        GenerationId = Number(options, "gen", ClientOf(name).Generation),
        ProtocolType = options.GetValueOrDefault("type"),
        ProtocolName = options.GetValueOrDefault("protocol"),
        Assignments = [.. options.GetValueOrDefault("assign", "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(a => a.Split(':'))
            .Select(a => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = a[0], Assignment = Encoding.UTF8.GetBytes(a[1]) })],
    }));

    private void Leave(string[] names, Dictionary<string, string> options)
    {
        var leaving = names.Select(name => new LeaveGroupRequest.MemberIdentity { MemberId = MemberOf(name, options) }).ToList();
        if (options.GetValueOrDefault("instance") is { } instance)
            leaving.Add(new LeaveGroupRequest.MemberIdentity { GroupInstanceId = instance });
        Ask("leave", new LeaveGroupCommand(new LeaveGroupRequest { GroupId = GroupOf(options), Members = leaving }));
    }

    private void Commit(string name, Dictionary<string, string> options, string[] offsets) => Ask(name, new CommitOffsetsCommand(
        new OffsetCommitRequest
        {
            GroupId = GroupOf(options),
            MemberId = name == "-" ? "" : MemberOf(name, options),
            GroupInstanceId = options.GetValueOrDefault("instance"),
            GenerationIdOrMemberEpoch = Number(options, "gen", name == "-" ? -1 : ClientOf(name).Generation),
            RetentionTimeMs = Number(options, "retention", -1),
            Topics = [new OffsetCommitRequest.OffsetCommitRequestTopic
            {
                Name = Topic,
                Partitions = [.. offsets.Select(Parse).Select(o => new OffsetCommitRequest.OffsetCommitRequestPartition
                {
                    PartitionIndex = o.Position.Partition,
                    CommittedOffset = o.Offset,
                    CommittedMetadata = o.Metadata,
                })],
            }],
        },
        KnowsGroupIdNotFound: true));

    private void Ask(string name, GroupCommand command)
    {
        _askers.Add(name);
        Execute(_shard.Decide(command, new Ticket(_askers.Count - 1), Now));
    }

    private void Execute(ShardDecision decision)
    {
        if (decision.Records.Count > 0)
            Append(decision.Records, -1);
        _shard.Install(decision, Now);
        foreach (var reply in decision.Replies)
        {
            var name = _askers[(int)reply.Ticket.Value];
            Learn(name, reply.Body);
            _ = _out.Append(CultureInfo.InvariantCulture, $"  {name}: {ScenarioText.Show(reply.Body)}\n");
        }
    }

    private void Append(IReadOnlyList<ShardRecord> records, long producerId)
    {
        var batch = ShardRecordSerde.ToBatch(records, Now.WallMs);
        RecordBatchPatch.SetBaseOffset(batch, _nextOffset);
        if (producerId >= 0)
            batch = Transactional(records, producerId);
        _log.Write(batch);
        foreach (var record in records)
        {
            _ = _out.Append(CultureInfo.InvariantCulture, $"  {_now} writes {ScenarioText.Show(record)}\n");
            _shard.Apply(record, _nextOffset++, producerId);
        }
    }

    private byte[] Transactional(IReadOnlyList<ShardRecord> records, long producerId)
    {
        using var builder =
            new RecordBatchBuilder { BaseOffset = _nextOffset, ProducerId = producerId, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true };
        foreach (var record in records)
        {
            var key = new ArrayBufferWriter<byte>();
            var value = new ArrayBufferWriter<byte>();
            ShardRecordSerde.WriteKey(record, key);
            ShardRecordSerde.WriteValue(record, value);
            builder.Append(Now.WallMs, key.WrittenSpan, value.WrittenSpan);
        }
        return builder.ToArray();
    }

    private void AppendMarker(long producerId, bool isCommit)
    {
        using var builder =
            new RecordBatchBuilder { BaseOffset = _nextOffset++, ProducerId = producerId, ProducerEpoch = 0, IsTransactional = true, IsControl = true };
        builder.Append(Now.WallMs, (byte[])[0, 0, 0, (byte)(isCommit ? 1 : 0)], (byte[])[0, 0, 0, 0, 0, 0]);
        _log.Write(builder.ToArray());
        _shard.ApplyMarker(producerId, isCommit);
    }

    private GroupShard Reload()
    {
        var shard = new GroupShard(_settings);
        long unreadable = 0;
        _ = ShardRecordSerde.Apply(shard, new ReadOnlySequence<byte>(_log.WrittenMemory), ref unreadable);
        if (unreadable > 0)
            throw new InvalidOperationException("The shard wrote what it cannot read.");
        shard.Install(shard.OnLoaded(Now), Now);
        return shard;
    }

    /// <summary>What the log holds is what the shard holds, but for what is never written: waiting members and running rebalances.</summary>
    private void CheckDurableState()
    {
        var loaded = Reload();
        var ids = Listed(_shard).Select(g => g.GroupId).ToList();
        if (!ids.Order(StringComparer.Ordinal).SequenceEqual(Listed(loaded).Select(g => g.GroupId).Order(StringComparer.Ordinal)))
            throw new InvalidOperationException("The log holds other groups than the shard.");
        foreach (var id in ids)
        {
            var fetch = new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = id, Topics = null }, true);
            Same(ScenarioText.Show(Once(_shard, fetch)), ScenarioText.Show(Once(loaded, fetch)));
            var live = (DescribeGroupsResponse.DescribedGroup)Once(_shard, new DescribeGroupCommand(id));
            if (live.GroupState is "Stable" or "Empty")
                Same(ScenarioText.Show(live), ScenarioText.Show(Once(loaded, new DescribeGroupCommand(id))));
        }
    }

    private static void Same(string live, string loaded)
    {
        if (live != loaded)
            throw new InvalidOperationException($"The log does not hold what the shard does.\n  shard: {live}\n  log:   {loaded}");
    }

    private static IReadOnlyList<ListGroupsResponse.ListedGroup> Listed(GroupShard shard) => ((GroupListing)Once(shard, new ListGroupsCommand([], []))).Groups;

    private static object Once(GroupShard shard, GroupCommand command) => shard.Decide(command, default, default(Now)).Replies[0].Body;

    private void Learn(string name, object body)
    {
        if (body is JoinGroupResponse joined)
            _clients[name] = new Client(joined.MemberId, joined.GenerationId);
    }

    private Client ClientOf(string name) => _clients.GetValueOrDefault(name, new Client("", 0));

    private string MemberOf(string name, Dictionary<string, string> options) => options.GetValueOrDefault("id", ClientOf(name).MemberId);

    private static string GroupOf(Dictionary<string, string> options) => options.GetValueOrDefault("group", "g");

    private static int Number(Dictionary<string, string> options, string name, int otherwise) =>
        options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static (OffsetPosition Position, long Offset, string Metadata) Parse(string word)
    {
        var parts = word.Split('=', 2);
        var value = parts[1].Split(':', 2);
        var dash = parts[0].LastIndexOf('-');
        return (new OffsetPosition(parts[0][..dash], int.Parse(parts[0][(dash + 1)..], CultureInfo.InvariantCulture)),
            long.Parse(value[0], CultureInfo.InvariantCulture), value.Length > 1 ? value[1] : "");
    }

    private sealed record Client(string MemberId, int Generation);
}
