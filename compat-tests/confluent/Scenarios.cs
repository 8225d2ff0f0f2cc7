using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace KafkaCompat.Compat.Confluent;

/// <summary>The scenarios of compat-tests/scenarios.json with Confluent.Kafka; each returns its answer.</summary>
public static class Scenarios
{
    public static IReadOnlyDictionary<string, Func<Client, Task<object>>> All { get; } = new SortedDictionary<string,
    Func<Client, Task<object>>>(StringComparer.Ordinal)
    {
        ["topics"] = Topics,
        ["headers"] = Headers,
        ["nulls"] = Nulls,
        ["codecs"] = Codecs,
        ["large"] = Large,
        ["positions"] = Positions,
        ["list-offsets"] = ListOffsets,
        ["groups"] = Groups,
        ["commits"] = Commits,
        ["restart"] = Restart,
        ["idempotent"] = Idempotent,
    };

    public static TheoryData<string> Names => [.. All.Keys];

    /// <summary>librdkafka counts from the end below this offset.</summary>
    private const long TailBase = -2000;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task<object> Topics(Client client)
    {
        var topic = await client.CreateAsync("confluent-topics", 3);
        using var admin = client.Admin();
        TopicSpecification New(string name, int partitions = 1, short replicas = 1) =>
            new() { Name = name, NumPartitions = partitions, ReplicationFactor = replicas };
        var described = (await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]))).TopicDescriptions[0];
        var cluster = await admin.DescribeClusterAsync();
        bool Listed() => admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics.Any(t => t.Topic == topic);
        return new
        {
            Partitions = described.Partitions.Select(p =>
                new { p.Partition, Leader = p.Leader.Id, Replicas = p.Replicas.Select(n => n.Id), Isr = p.ISR.Select(n => n.Id) }),
            described.IsInternal,
            HasId = described.TopicId.ToString().Length,
            Cluster = new { Nodes = cluster.Nodes.Select(n => n.Id), Controller = cluster.Controller.Id, IdLength = cluster.ClusterId.Length },
            Listed = Listed(),
            Again = await Client.AttemptAsync(() => admin.CreateTopicsAsync([New(topic)])),
            BadName = await Client.AttemptAsync(() => admin.CreateTopicsAsync([New("a b")])),
            TooManyReplicas = await Client.AttemptAsync(() => admin.CreateTopicsAsync([New("confluent-replicas", 1, 3)])),
            Delete = await Client.AttemptAsync(() => admin.DeleteTopicsAsync([topic])),
            DeleteAgain = await Client.AttemptAsync(() => admin.DeleteTopicsAsync([topic])),
            ListedAfter = Listed(),
        };
    }

    private static async Task<object> Headers(Client client)
    {
        var topic = await client.CreateAsync("confluent-headers");
        (string, byte[]?)[][] sent =
            [[], [("a", Bytes("1"))], [("a", Bytes("1")), ("a", Bytes("2")), ("b", [])], [("none", null), ("", [255, 0]), ("ключ", Bytes("значение"))]];
        using (var producer = client.Producer())
        {
            foreach (var some in sent)
            {
                var headers = new Headers();
                foreach (var (name, value) in some)
                {
                    headers.Add(name, value);
                }

                await producer.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Headers = headers });
            }
        }

        return client.ReadAll(topic).Select(r => r.Message.Headers.Select(h => new[] { h.Key, Client.Shown(h.GetValueBytes()) }));
    }

    private static async Task<object> Nulls(Client client)
    {
        var topic = await client.CreateAsync("confluent-nulls");
        (string?, string?)[] sent = [(null, "v"), ("k", null), ("", ""), (null, ""), ("", null)];
        using (var producer = client.Producer())
        {
            foreach (var (key, value) in sent)
            {
                await producer.ProduceAsync(topic,
                    new Message<byte[]?, byte[]?> { Key = key is null ? null : Bytes(key), Value = value is null ? null : Bytes(value) });
            }
        }

        return client.ReadAll(topic).Select(Client.Row);
    }

    private static async Task<object> Codecs(Client client)
    {
        var topic = await client.CreateAsync("confluent-codecs");
        var sent = 0;
        foreach (var codec in Enum.GetValues<CompressionType>())
        {
            foreach (var acks in new[] { Acks.None, Acks.Leader, Acks.All })
            {
                using var producer = client.Producer(c => (c.CompressionType, c.Acks, c.LingerMs) = (codec, acks, 20));
                for (var i = 0; i < 20; i++)
                {
                    producer.Produce(topic,
                        new Message<byte[]?, byte[]?>
                        {
                            Key = Bytes($"{codec} {acks} {i}"),
                            Value = Bytes(string.Concat(Enumerable.Repeat($"value {i} ", 30))),
                        });
                }

                producer.Flush(TimeSpan.FromSeconds(30));
                sent += 20;
                using var reader = client.Consumer();
                await Client.UntilAsync(() => reader.QueryWatermarkOffsets(new TopicPartition(topic, 0), TimeSpan.FromSeconds(10)).High == sent);
            }
        }

        return client.ReadAll(topic).Select(Client.Row);
    }

    private static async Task<object> Large(Client client)
    {
        var topic = await client.CreateAsync("confluent-large");
        using var producer = client.Producer(c => c.MessageMaxBytes = 4_000_000);
        using var packed = client.Producer(c => (c.MessageMaxBytes, c.CompressionType) = (4_000_000, CompressionType.Gzip));
        Task<DeliveryResult<byte[]?, byte[]?>> Send(IProducer<byte[]?, byte[]?> with, int size) =>
            with.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Value = new byte[size] });
        return new
        {
            Fits = (await Send(producer, 921_600)).Offset.Value,
            Refused = await Client.AttemptAsync(() => Send(producer, 1_500_000)),
            Packed = (await Send(packed, 1_500_000)).Offset.Value,
            Read = client.ReadAll(topic).Select(Client.Row),
        };
    }

    private static async Task<object> Positions(Client client)
    {
        var topic = await client.CreateAsync("confluent-positions");
        await client.NumberedAsync(topic);
        var partition = new TopicPartition(topic, 0);
        object From(Offset offset, int count, AutoOffsetReset reset = AutoOffsetReset.Earliest)
        {
            using var consumer = client.Consumer(adjust: c => c.AutoOffsetReset = reset);
            consumer.Assign(new TopicPartitionOffset(partition, offset));
            return Client.Read(consumer, count, TimeSpan.FromSeconds(count == 0 ? 2 : 40)).Select(Client.Row).ToList();
        }

        using var asking = client.Consumer();
        var at = asking.OffsetsForTimes([new TopicPartitionTimestamp(partition, new Timestamp(1_700_000_003_500, TimestampType.CreateTime))],
            TimeSpan.FromSeconds(20))[0];
        return new
        {
            Start = From(Offset.Beginning, 10),
            End = From(Offset.End, 0),
            At = From(7, 3),
            FromTheEnd = From(new Offset(TailBase - 2), 2),
            Time = From(at.Offset, 6),
            OutOfRange = From(500, 10),
        };
    }

    private static async Task<object> ListOffsets(Client client)
    {
        var topic = await client.CreateAsync("confluent-list-offsets", 2);
        await client.NumberedAsync(topic);
        using var admin = client.Admin();
        var answers = new SortedDictionary<string, object>(StringComparer.Ordinal);
        async Task Ask(string name, OffsetSpec spec)
        {
            var request = new[] { 0, 1 }.Select(p => new TopicPartitionOffsetSpec { TopicPartition = new TopicPartition(topic, p), OffsetSpec = spec });
            var result = await admin.ListOffsetsAsync(request);
            answers[name] = result.ResultInfos.OrderBy(i => i.TopicPartitionOffsetError.Partition.Value)
                .Select(i => new { i.TopicPartitionOffsetError.Partition.Value, Offset = i.TopicPartitionOffsetError.Offset.Value, i.Timestamp }).ToList();
        }

        await Ask("earliest", OffsetSpec.Earliest());
        await Ask("latest", OffsetSpec.Latest());
        await Ask("max timestamp", OffsetSpec.MaxTimestamp());
        foreach (var at in new[] { 0L, 1_700_000_000_000, 1_700_000_000_001, 1_700_000_009_000, 1_700_000_009_001 })
        {
            await Ask(at.ToString(CultureInfo.InvariantCulture), OffsetSpec.ForTimestamp(at));
        }

        return answers;
    }

    private static async Task<object> Groups(Client client)
    {
        const string group = "confluent-group";
        var topic = await client.CreateAsync("confluent-groups", 4);
        using var admin = client.Admin();
        async Task<object> Describe()
        {
            var described = (await admin.DescribeConsumerGroupsAsync([group])).ConsumerGroupDescriptions[0];
            return new
            {
                State = described.State.ToString(),
                described.PartitionAssignor,
                Members = described.Members.Count,
                Coordinator = described.Coordinator.Id,
            };
        }

        var first = new GroupMember(client, group, topic);
        var one = await GroupMember.SettleAsync([4], first);
        var second = new GroupMember(client, group, topic);
        var two = await GroupMember.SettleAsync([2, 2], first, second);
        var described = await Describe();
        await first.DisposeAsync();
        var left = await GroupMember.SettleAsync([4], second);
        var third = new GroupMember(client, group, topic, c => c.GroupInstanceId = "third");
        var withStatic = await GroupMember.SettleAsync([2, 2], second, third);
        await third.DisposeAsync();
        var back = new GroupMember(client, group, topic, c => c.GroupInstanceId = "third");
        var returned = await GroupMember.SettleAsync([2, 2], second, back);
        await back.DisposeAsync();
        await second.DisposeAsync();
        return new { one, two, described, left, withStatic, returned };
    }

    private static async Task<object> Commits(Client client)
    {
        const string group = "confluent-commits";
        var topic = await client.CreateAsync("confluent-commits", 2);
        await client.NumberedAsync(topic);
        TopicPartition[] both = [new(topic, 0), new(topic, 1)];
        object Committed(IConsumer<byte[]?, byte[]?> consumer) =>
            consumer.Committed(both, TimeSpan.FromSeconds(20)).OrderBy(o => o.Partition.Value).Select(o => o.Offset.Value).ToList();
        object first;
        using (var consumer = client.Consumer(group))
        {
            consumer.Subscribe(topic);
            _ = Client.Read(consumer, 10);
            consumer.Commit([new TopicPartitionOffset(both[0], 4)]);
            first = Committed(consumer);
            consumer.Close();
        }

        object rest, then;
        using (var consumer = client.Consumer(group))
        {
            consumer.Subscribe(topic);
            rest = Client.Read(consumer, 6).Select(Client.Row).ToList();
            consumer.Commit();
            then = Committed(consumer);
            consumer.Close();
        }

        using var admin = client.Admin();
        var listed = (await admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions(group, null)]))[0].Partitions
            .OrderBy(p => p.Partition.Value).Select(p => new[] { p.Partition.Value, p.Offset.Value }).ToList();
        return new { first, rest, then, listed };
    }

    private static async Task<object> Restart(Client client)
    {
        const string group = "confluent-restart";
        var topic = await client.CreateAsync("confluent-restart");
        using var producer = client.Producer();
        using var consumer = client.Consumer(group);
        consumer.Subscribe(topic);
        async Task Send(string prefix)
        {
            for (var i = 0; i < 5; i++)
            {
                await producer.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Value = Bytes($"{prefix} {i}") });
            }
        }

        await Send("before");
        var before = Client.Read(consumer, 5).Select(Client.Row).ToList();
        consumer.Commit();
        await client.RestartAsync();
        await Send("after");
        var after = Client.Read(consumer, 5).Select(Client.Row).ToList();
        consumer.Commit();
        var committed = consumer.Committed([new TopicPartition(topic, 0)], TimeSpan.FromSeconds(20))[0].Offset.Value;
        consumer.Close();
        return new { before, after, committed, All = client.ReadAll(topic).Select(Client.Row) };
    }

    private static async Task<object> Idempotent(Client client)
    {
        var topic = await client.CreateAsync("confluent-idempotent");
        using var producer = client.Producer(c => c.EnableIdempotence = true);
        var sends = new List<Task<DeliveryResult<byte[]?, byte[]?>>>();
        for (var i = 0; i < 2000; i++)
        {
            sends.Add(producer.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Value = Bytes($"{i}") }));
            if (i == 1000)
            {
                // Records are under way while the broker goes down.
                await Task.WhenAll(sends.Take(500));
                await client.RestartAsync();
            }
        }

        var offsets = (await Task.WhenAll(sends)).Select(r => r.Offset.Value);
        return new
        {
            InOrder = offsets.SequenceEqual(Enumerable.Range(0, 2000).Select(i => (long)i)),
            Once = client.ReadAll(topic).Select(r => Encoding.UTF8.GetString(r.Message.Value!)).SequenceEqual(Enumerable.Range(0, 2000).Select(i => $"{i}")),
        };
    }
}
