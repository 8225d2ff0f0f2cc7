using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Tests.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Machines;

/// <summary>
/// The controller's machine over random commands. Its state has sessions, quotas and chance in it.
/// </summary>
public sealed class ControllerReplayTests() : ReplayTests<ControllerRequest>(steps: 150, leastRecords: 37)
{
    /// <summary>Two decisions about one command draw the same, those about two do not.</summary>
    [Fact]
    public void What_is_drawn_follows_from_the_ticket()
    {
        var controller = TestController.New().State;
        var first = Drawn(1);
        Assert.Equal(first, Drawn(1));
        Assert.NotEqual(first, Drawn(2));

        string Drawn(long ticket) => MachineText.Of(controller.Decide(
            new ControllerRequest(Cluster.Topic("t", 3), 7) { ArrivalMs = 0 }, new Ticket(ticket), new Now(0, 0)));
    }

    private protected override ITestMachine<ControllerRequest> NewMachine() => new TestMachine();

    private protected override Func<MachineInput<ControllerRequest>> Inputs(Random random, ITestMachine<ControllerRequest> machine) =>
        new Cluster(random, (TestMachine)machine).Next;

    /// <summary>A controller whose log takes everything.</summary>
    private sealed class TestMachine : ITestMachine<ControllerRequest>
    {
        public TestMachine()
        {
            var now = new Now(1_000_000, 0);
            Controller = new ControllerState(TestController.Settings, new MetadataLoader(), 0, new Random(7), now);
            for (var isLogEmpty = true; Controller.DecideOnActivation(isLogEmpty) is { Count: > 0 } records; isLogEmpty = false)
            {
                Controller.Apply(records, 1, now.WallMs);
            }
        }

        public ControllerState Controller { get; }

        public object State => Controller;

        public long Records => Controller.NextOffset;

        public void Take(MachineInput<ControllerRequest> input, Func<Func<object?>, object?> decide)
        {
            // As the loop does: what is due is ended before anything is decided.
            Decision due;
            do
            {
                Execute(due = (Decision)decide(() => Controller.OnDeadline(input.Now))!, input.Now);
            }
            while (due.Records.Count > 0);
            if (input.Command is { } request)
            {
                Execute((Decision)decide(() => Controller.Decide(request, input.Ticket, input.Now))!, input.Now);
            }
        }

        private void Execute(Decision decision, Now now)
        {
            Controller.Apply(decision.Records, 1, now.WallMs);
            Controller.Install(decision, now);
        }
    }

    /// <summary>Three brokers that come, go and are silent, and administrators who want this and that.</summary>
    private sealed class Cluster(Random random, TestMachine machine)
    {
        private long _tick;
        private long _wallIsAhead = 1_000_000;
        private long _lastTicket;

        private MetadataImage Image => machine.Controller.Image;

        public static CreateTopicsRequest Topic(string name, int partitions, short replicas = 1) => new()
        {
            TimeoutMs = 60_000,
            Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = replicas }],
        };

        public MachineInput<ControllerRequest> Next()
        {
            _tick += random.Next(10) == 0 ? random.Next(12_000) : random.Next(200);
            _wallIsAhead += random.Next(20) == 0 ? random.Next(-3_600_000, 3_600_000) : 0;
            var now = new Now(_tick + _wallIsAhead, _tick);
            if (random.Next(10) == 0)
            {
                return new(null, default, now);
            }

            var body = Body();
            var version = body is CreateTopicsRequest && random.Next(2) == 0 ? (short)5 : ApiCatalog.Get(body.Key).Versions.Max;
            var client = random.Next(2) == 0 ? new RequestClient($"u{random.Next(2)}", "c") : (RequestClient?)null;
            return new(new ControllerRequest(body, version) { Client = client, ArrivalMs = _tick - (random.Next(15) == 0 ? 70_000 : 0) },
                new Ticket(++_lastTicket), now);
        }

        private IRequest Body()
        {
            var broker = 1 + random.Next(3);
            var name = $"t{random.Next(5)}";
            var epoch = Image.Brokers.TryGetValue(broker, out var registered) ? registered.Epoch : -1;
            switch (random.Next(20))
            {
                case < 6 when epoch >= 0:
                    return new BrokerHeartbeatRequest
                    {
                        BrokerId = broker,
                        BrokerEpoch = random.Next(12) == 0 ? epoch - 1 : epoch,
                        CurrentMetadataOffset = machine.Controller.NextOffset - random.Next(3),
                        WantFence = random.Next(15) == 0,
                        WantShutDown = random.Next(25) == 0,
                        OfflineLogDirs = random.Next(15) == 0 ? [Directory(broker, 1)] : [],
                        CordonedLogDirs = random.Next(10) == 0 ? [Directory(broker, 2)] : [],
                    };
                case < 7:
                    return new BrokerRegistrationRequest
                    {
                        BrokerId = broker,
                        ClusterId = random.Next(20) == 0 ? "another" : "cluster",
                        IncarnationId = new Uuid(1_000 + broker, random.Next(3)),
                        Listeners = [new() { Name = "PLAINTEXT", Host = "localhost", Port = 9092 }],
                        Features = [.. SupportedFeatures.All.Select(static f =>
                            new BrokerRegistrationRequest.Feature { Name = f.Name, MinSupportedVersion = f.Min, MaxSupportedVersion = f.Max })],
                        LogDirs = [Directory(broker, 1), Directory(broker, 2)],
                        PreviousBrokerEpoch = random.Next(2) == 0 ? epoch : -1,
                    };
                case 7:
                    return random.Next(6) == 0 ? new UnregisterBrokerRequest { BrokerId = broker }
                        : new AllocateProducerIdsRequest { BrokerId = broker, BrokerEpoch = epoch };
                case 8 or 9 or 10:
                    return Topic(name, 1 + random.Next(3), (short)(1 + random.Next(2)));
                case 11:
                    return new DeleteTopicsRequest { TimeoutMs = 60_000, Topics = [new() { Name = name }] };
                case 12:
                    return new CreatePartitionsRequest { TimeoutMs = 60_000, Topics = [new() { Name = name, Count = 1 + random.Next(5), Assignments = null }] };
                case 13:
                    return new IncrementalAlterConfigsRequest
                    {
                        Resources = [new() { ResourceType = (sbyte)ConfigResourceType.Topic, ResourceName = name, Configs =
                            [new() { Name = "cleanup.policy", ConfigOperation = (sbyte)random.Next(4), Value = random.Next(4) == 0 ? "bad" : "compact" }] }],
                    };
                case 14 or 15:
                    return new AlterClientQuotasRequest
                    {
                        Entries = [new() { Entity = [new() { EntityType = "user", EntityName = $"u{random.Next(2)}" }],
                            Ops = [new() { Key = "controller_mutation_rate", Value = 1 + random.Next(2), Remove = random.Next(4) == 0 }] }],
                    };
                case 16:
                    return new ElectLeadersRequest { ElectionType = (sbyte)random.Next(2), TimeoutMs = 60_000, TopicPartitions = null };
                case 17:
                    return new AlterPartitionReassignmentsRequest
                    {
                        TimeoutMs = 60_000,
                        Topics = [new() { Name = name, Partitions = [new() { PartitionIndex = 0, Replicas = random.Next(3) == 0 ? null : [broker] }] }],
                    };
                case 18:
                    return new ListPartitionReassignmentsRequest { TimeoutMs = 60_000, Topics = null };
                default:
                    return new AssignReplicasToDirsRequest
                    {
                        BrokerId = broker,
                        BrokerEpoch = epoch,
                        Directories = [new() { Id = Directory(broker, 1),
                            Topics = [new() { TopicId = Image.FindTopic(name)?.Id ?? Uuid.Zero, Partitions = [new() { PartitionIndex = 0 }] }] }],
                    };
            }
        }

        private static Uuid Directory(int broker, int index) => new(0x1234 + broker, index);
    }
}
