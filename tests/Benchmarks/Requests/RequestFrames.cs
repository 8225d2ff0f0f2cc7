using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>Requests as they stand on the wire, made once and sent many times, so that the client's side allocates nothing.</summary>
internal static class RequestFrames
{
    /// <summary>The last version that names topics, so that no topic id has to be asked for.</summary>
    public const short ProduceVersion = 12;

    /// <inheritdoc cref="ProduceVersion"/>
    public const short FetchVersion = 12;

    /// <summary>How long consumers let a fetch wait unless they are told otherwise.</summary>
    public const int PollWaitMs = 500;

    private const short CreateTopicsVersion = 7;
    private const short DeleteTopicsVersion = 5;
    private const short MetadataVersion = 12;
    private const short ListOffsetsVersion = 7;
    private const short ApiVersionsVersion = 3;
    private const short FindCoordinatorVersion = 4;
    private const short OffsetCommitVersion = 8;
    private const long LatestOffset = -1;
    private const long Timestamp = 1_700_000_000_000;

    public static void CreateTopic(FrameClient client, string name, int partitions)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 10_000 };
        request.Topics.Add(new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 });
        var reader = new WireReader(client.Ask(Of(request, CreateTopicsVersion)));
        ResponseHeader.Read(ref reader, 1);
        var topic = CreateTopicsResponse.Read(ref reader, CreateTopicsVersion).Topics[0];
        if (topic.ErrorCode != ErrorCode.None)
        {
            throw new InvalidOperationException($"CreateTopics: {topic.ErrorCode} {topic.ErrorMessage}");
        }
    }

    public static void DeleteTopic(FrameClient client, string name)
    {
        var request = new DeleteTopicsRequest { TimeoutMs = 10_000 };
        request.TopicNames.Add(name);
        client.Ask(Of(request, DeleteTopicsVersion));
    }

    /// <summary>One batch to one partition.</summary>
    public static byte[] Produce(string topic, int partition, int records, int recordBytes, short acks)
    {
        using var batch = new RecordBatchBuilder();
        for (var i = 0; i < records; i++)
        {
            batch.Append(Timestamp, default, new byte[recordBytes]);
        }

        var data = new ProduceRequest.TopicProduceData { Name = topic };
        data.PartitionData.Add(new() { Index = partition, Records = RecordBytes.From(batch.ToArray()) });
        var request = new ProduceRequest { Acks = acks, TimeoutMs = 10_000 };
        request.TopicData.Add(data);
        return Of(request, ProduceVersion);
    }

    /// <summary>What lies at <paramref name="offset"/> of one partition, as a consumer without a session asks for it; one batch at least.</summary>
    public static byte[] Fetch(string topic, int partition, int maxBytes, long offset = 0, int waitMs = 100)
    {
        var data = new FetchRequest.FetchTopic { Topic = topic };
        data.Partitions.Add(new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = maxBytes, CurrentLeaderEpoch = -1 });
        var request = new FetchRequest { MaxWaitMs = waitMs, MinBytes = 1, MaxBytes = Math.Max(maxBytes, 1_000_000), SessionId = 0, SessionEpoch = -1 };
        request.Topics.Add(data);
        return Of(request, FetchVersion);
    }

    /// <summary>Each topic with the number of its partitions that have a leader.</summary>
    public static Dictionary<string, int> LedPartitions(FrameClient client)
    {
        var reader = new WireReader(client.Ask(Of(new MetadataRequest { Topics = null }, MetadataVersion)));
        ResponseHeader.Read(ref reader, 1);
        return MetadataResponse.Read(ref reader, MetadataVersion).Topics.ToDictionary(
            static topic => topic.Name!,
            static topic => topic.Partitions.Count(static partition => partition.ErrorCode == ErrorCode.None && partition.LeaderId >= 0));
    }

    /// <summary>How many partitions of a topic tell where they end, which asks their logs.</summary>
    public static int OpenPartitions(FrameClient client, string topic, int partitions)
    {
        var data = new ListOffsetsRequest.ListOffsetsTopic { Name = topic };
        for (var index = 0; index < partitions; index++)
        {
            data.Partitions.Add(new() { PartitionIndex = index, Timestamp = LatestOffset, CurrentLeaderEpoch = -1 });
        }

        var request = new ListOffsetsRequest { ReplicaId = -1 };
        request.Topics.Add(data);
        var reader = new WireReader(client.Ask(Of(request, ListOffsetsVersion)));
        ResponseHeader.Read(ref reader, 1);
        return ListOffsetsResponse.Read(ref reader, ListOffsetsVersion).Topics[0].Partitions.Count(static partition => partition.ErrorCode == ErrorCode.None);
    }

    /// <summary>Whether the answer to a request that <see cref="Produce"/> made says that its batch was taken.</summary>
    public static bool IsTaken(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        ResponseHeader.Read(ref reader, 1);
        return ProduceResponse.Read(ref reader, ProduceVersion).Responses[0].PartitionResponses[0].ErrorCode == ErrorCode.None;
    }

    /// <summary>What a client asks first on every connection.</summary>
    public static byte[] ApiVersions() => Of(new ApiVersionsRequest { ClientSoftwareName = "bench", ClientSoftwareVersion = "1" }, ApiVersionsVersion);

    /// <summary>Which also makes <c>__consumer_offsets</c> where it is not there yet.</summary>
    public static byte[] FindCoordinator(string group) => Of(new FindCoordinatorRequest { CoordinatorKeys = [group] }, FindCoordinatorVersion);

    /// <summary>What a consumer of one partition commits, as one that is in no generation.</summary>
    public static byte[] Commit(string group, string topic) => Of(
        new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = -1,
            Topics = [new() { Name = topic, Partitions = [new() { CommittedOffset = 1, CommittedMetadata = "" }] }],
        },
        OffsetCommitVersion);

    /// <summary>Whether the answer to a request that <see cref="Commit"/> made says that its offset was taken.</summary>
    public static bool IsCommitted(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        ResponseHeader.Read(ref reader, 1);
        return OffsetCommitResponse.Read(ref reader, OffsetCommitVersion).Topics[0].Partitions[0].ErrorCode == ErrorCode.None;
    }

    private static byte[] Of<TRequest>(TRequest request, short version)
        where TRequest : class, IRequest<TRequest>
    {
        var api = ApiCatalog.Get(TRequest.ApiKey);
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        writer.WriteInt32(0);
        new RequestHeader { RequestApiKey = (short)TRequest.ApiKey, RequestApiVersion = version, CorrelationId = 1, ClientId = "bench" }
            .Write(ref writer, api.RequestHeaderVersion(version));
        request.Write(ref writer, version);
        writer.Flush();
        var frame = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }
}
