using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Tests.Machines;

/// <summary>
/// The machine of groups over random commands, whatever is asked, due or refused.
/// </summary>
public sealed class GroupReplayTests() : ReplayTests<GroupCommand>(steps: 250, leastRecords: 25)
{
    private protected override ITestMachine<GroupCommand> NewMachine() => new TestShard();

    private protected override Func<MachineInput<GroupCommand>> Inputs(Random random, ITestMachine<GroupCommand> machine) =>
        new Clients(random, (TestShard)machine).Next;

    /// <summary>A shard whose log is a count: what it decides is applied at once, or refused.</summary>
    private sealed class TestShard : ITestMachine<GroupCommand>
    {
        private readonly GroupShard _shard = new(new GroupSettings
        {
            InitialRebalanceDelayMs = 1_000,
            MaxSize = 4,
            OffsetsRetentionMs = 20_000,
            OffsetsRetentionCheckIntervalMs = 5_000,
        });

        private long _offset;

        public TestShard() => _shard.Install(_shard.OnLoaded(default), default);

        public object State => _shard;

        public long Records => _offset;

        /// <summary>Replies that have left, by their tickets.</summary>
        public Dictionary<long, object> Replies { get; } = [];

        public void Take(MachineInput<GroupCommand> input, Func<Func<object?>, object?> decide)
        {
            var (command, ticket, now, isRefused) = input;
            if (command is null)
            {
                while (_shard.NextDeadline <= now.TickMs)
                {
                    Execute((ShardDecision)decide(() => _shard.OnDeadline(now))!, now);
                }

                return;
            }

            while (decide(() => _shard.OnDeadlineBefore(command, now)) is ShardDecision due)
            {
                Execute(due, now);
            }

            var decision = (ShardDecision)decide(() => _shard.Decide(command, ticket, now))!;
            if (isRefused && decision.Records.Count > 0)
            {
                decision = (ShardDecision)decide(() => _shard.Refused(command, ticket, ErrorCode.NotEnoughReplicas, now))!;
            }

            Execute(decision, now);
        }

        private void Execute(ShardDecision decision, Now now)
        {
            foreach (var record in decision.Records)
            {
                _shard.Apply(record, _offset++);
            }

            _shard.Install(decision, now);
            foreach (var reply in decision.Replies)
            {
                Replies[reply.Ticket.Value] = reply.Body;
            }
        }
    }

    /// <summary>Clients of three groups, who go by the replies that they get as far as they feel like it.</summary>
    private sealed class Clients(Random random, TestShard shard)
    {
        private static readonly string[] Groups = ["a", "b", "c"];
        private readonly Dictionary<long, JoinGroupCommand> _joins = [];
        private readonly List<(string Group, string MemberId, int Generation)> _members = [("a", "nobody", 0)];
        private long _tick = 1_000;
        private long _wallIsAhead = 1_700_000_000_000;
        private long _lastTicket;

        public MachineInput<GroupCommand> Next()
        {
            Learn();
            var now = new Now(_tick + _wallIsAhead, _tick);
            if (random.Next(8) == 0)
            {
                _tick += random.Next(9_000);
                _wallIsAhead += random.Next(6) == 0 ? random.Next(-3_600_000, 3_600_000) : 0;
                return new(null, default, new Now(_tick + _wallIsAhead, _tick));
            }

            _tick += random.Next(50);
            var command = Command();
            var ticket = new Ticket(++_lastTicket);
            if (command is JoinGroupCommand join)
            {
                _joins.Add(ticket.Value, join);
            }

            return new(command, ticket, now, IsRefused: random.Next(12) == 0);
        }

        private void Learn()
        {
            foreach (var (ticket, join) in _joins.ToList())
            {
                if (shard.Replies.TryGetValue(ticket, out var reply))
                {
                    var answer = (JoinGroupResponse)reply;
                    _ = _joins.Remove(ticket);
                    if (answer.MemberId.Length > 0)
                    {
                        _members.Add((join.GroupId, answer.MemberId, answer.GenerationId));
                    }
                }
            }
        }

        private GroupCommand Command()
        {
            var (group, memberId, generation) = _members[Math.Max(0, _members.Count - 1 - random.Next(6))];
            var anyGroup = Groups[random.Next(Groups.Length)];
            switch (random.Next(14))
            {
                case < 4:
                    return new JoinGroupCommand(
                        new JoinGroupRequest
                        {
                            GroupId = random.Next(2) == 0 ? group : anyGroup,
                            SessionTimeoutMs = random.Next(10) == 0 ? 1 : 6_000 + random.Next(10_000),
                            RebalanceTimeoutMs = 2_000 + random.Next(5_000),
                            MemberId = random.Next(2) == 0 ? memberId : "",
                            GroupInstanceId = random.Next(4) == 0 ? $"instance-{random.Next(2)}" : null,
                            ProtocolType = "consumer",
                            Protocols = [new() { Name = random.Next(3) == 0 ? "rr" : "range", Metadata = [(byte)random.Next(3)] },
                                new() { Name = "sticky", Metadata = [] }],
                        },
                        $"client-{random.Next(3)}", "/127.0.0.1", $"{_lastTicket:x8}", random.Next(2) == 0, random.Next(2) == 0);
                case 4 or 5:
                    return new SyncGroupCommand(new SyncGroupRequest
                    {
                        GroupId = group,
                        MemberId = memberId,
                        GenerationId = generation,
                        ProtocolType = "consumer",
                        ProtocolName = null,
                        Assignments = [.. _members.Where(member => member.Group == group).Select(static member => member.MemberId).Distinct()
                            .Select(id => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = id, Assignment = [1] })],
                    });
                case 6:
                    return new HeartbeatCommand(new HeartbeatRequest { GroupId = group, MemberId = memberId, GenerationId = generation });
                case 7:
                    return new LeaveGroupCommand(new LeaveGroupRequest { GroupId = group, Members = [new() { MemberId = memberId }] });
                case 8 or 9:
                    return new CommitOffsetsCommand(
                        new OffsetCommitRequest
                        {
                            GroupId = random.Next(2) == 0 ? group : anyGroup,
                            MemberId = random.Next(2) == 0 ? memberId : "",
                            GenerationIdOrMemberEpoch = random.Next(2) == 0 ? generation : -1,
                            RetentionTimeMs = -1,
                            Topics = [new() { Name = $"t{random.Next(2)}",
                                Partitions = [new() { PartitionIndex = random.Next(2), CommittedOffset = random.Next(100), CommittedMetadata = "m" }] }],
                        },
                        KnowsGroupIdNotFound: true);
                case 10:
                    return new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = anyGroup, Topics = null }, random.Next(2) == 0);
                case 11:
                    return random.Next(2) == 0 ? new DescribeGroupCommand(anyGroup) : new ListGroupsCommand([], []);
                case 12:
                    return random.Next(2) == 0
                        ? new DeleteGroupCommand(anyGroup)
                        : new DeleteOffsetsCommand(
                            new OffsetDeleteRequest { GroupId = anyGroup, Topics = [new() { Name = "t0", Partitions = [new() { PartitionIndex = 0 }] }] });
                default:
                    return new ForgetTopicsCommand([$"t{random.Next(2)}"]);
            }
        }
    }
}
