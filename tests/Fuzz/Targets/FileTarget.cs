using System.Buffers;
using System.Text;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Fuzz.Engine;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Fuzz.Targets;

/// <summary>
/// What a node reads besides requests: its settings, the metrics that clients push, and every file of a data directory. They are read, or refused with the
/// failure that its reader names; a partition's log opens over any bytes in any one of its files, can be read, appended to and opened again.
/// </summary>
internal sealed class FileTarget : FuzzTarget
{
    private const string Root = "/data";
    private const string LogFolder = Root + "/t-0";
    private const string LogPrefix = "log ";

    /// <summary>
    /// A file is read whole, decoded to text and cut into lines before anything is known of it: eight times its bytes in chars, lines, cells.
    /// </summary>
    private const int TextFactor = 64;

    /// <summary>What opening a log costs whatever is in it: files, indexes, tables, scan buffers.</summary>
    private const long OpenLogCap = 16L << 20;

    private readonly Dictionary<string, byte[]> _log;
    private readonly List<(string Name, Action<byte[]> Read, byte[][] Seeds)> _readers;

    public FileTarget()
    {
        _log = MakeLog();
        _readers =
        [
            ("pushed metrics", static bytes => Metered(bytes, 0, () => _ = OtlpMetrics.Read(bytes)), OtlpSeeds()),
            ("server.properties", static bytes => Metered(bytes, TextFactor, () => _ = ConfigProperties.Parse(Encoding.UTF8.GetString(bytes))),
                PropertiesSeeds()),
            ("properties", ReadProperties, PropertiesSeeds()),
            ("settings", ReadSettings, PropertiesSeeds()),
            ("offset checkpoint",
                static bytes =>
                InFile(bytes, OffsetCheckpoint.RecoveryPoints, static files => _ = OffsetCheckpoint.Read(files, $"{Root}/{OffsetCheckpoint.RecoveryPoints}")),
                [Text("0\n2\nt 0 7\nother-topic 11 123456789\n"), Text("0\n0\n"), []]),
            ("partition.metadata", static bytes => InFile(bytes, PartitionMetadataFile.FileName, static files => _ = PartitionMetadataFile.Read(files, Root)),
                [Text("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAw\n")]),
            ("meta.properties", static bytes => InFile(bytes, MetaProperties.FileName, static files => _ = MetaProperties.Read(files, Root)),
                [Text("#\n#Thu Jan 01 00:00:00 UTC 2026\nnode.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAw\nversion=1\ncluster.id=c\\:d\n")]),
            ("clean shutdown", static bytes => InFile(bytes, CleanShutdownMarker.FileName, static files => _ = CleanShutdownMarker.TryRead(files, Root, out _)),
                [Text("{\"version\":0,\"brokerEpoch\":12}"), []]),
            ("producer snapshot", static bytes => InFile(bytes, "1.snapshot", static files => _ = ProducerSnapshotFile.TryRead(files, $"{Root}/1.snapshot")),
                [.. _log.Where(static file => file.Key.EndsWith(".snapshot", StringComparison.Ordinal)).Select(static file => file.Value)]),
            ("quorum-state", static bytes => _ = ElectionState.TryDecode(bytes, out _),
                [
                    Text("""{"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}"""),
                    Text("""{"leaderId":1,"leaderEpoch":3,"votedId":1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAw","data_version":1}"""),
                ]),
            ("metadata log", static bytes => Metered(bytes, 0, () => Typed(() => _ = QuorumBatchCodec.Decode(bytes)), OpenLogCap), MetadataSeeds()),
            ("metadata snapshot", static bytes => Metered(bytes, 0, () => Typed(() => _ = QuorumSnapshot.Read(bytes)), OpenLogCap), MetadataSeeds()),
        ];
        foreach (var (name, content) in _log.OrderBy(static file => file.Key, StringComparer.Ordinal))
        {
            _readers.Add(($"{LogPrefix}{name} after a clean stop", bytes => OpenLog(name, bytes, isClean: true), [content]));
            _readers.Add(($"{LogPrefix}{name} after a kill", bytes => OpenLog(name, bytes, isClean: false), [content]));
        }

        Slots = [.. _readers.Select(static reader => reader.Name)];
    }

    public override string Name => "files";

    public override IReadOnlyList<string> Slots { get; }

    public override IEnumerable<FuzzInput> Seeds() => _readers.SelectMany(static (reader, slot) => reader.Seeds.Select(seed => new FuzzInput(slot, seed)));

    public override void Run(FuzzInput input) => _readers[input.Slot].Read(input.Bytes);

    public override byte[] Repair(FuzzInput input, Random random)
    {
        var slot = Slots[input.Slot];
        var bytes = input.Bytes;
        if (slot.Contains("snapshot", StringComparison.Ordinal) && !slot.StartsWith("metadata", StringComparison.Ordinal) && bytes.Length > 6)
        {
            // The checksum of a producer snapshot stands behind its version.
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), Protocol.Checksums.Crc32C.Compute(bytes.AsSpan(6)));
        }
        else if (slot.Contains(".log", StringComparison.Ordinal))
        {
            // Every batch that the lengths still lead to gets its checksum.
            for (var at = 0; RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header)
                && header.BatchLength >= RecordBatchHeader.Size - RecordBatchHeader.LogOverhead
                && header.BatchLength <= bytes.Length - at - RecordBatchHeader.LogOverhead;)
            {
                RecordBatchPatch.SetCrc(bytes.AsSpan(at, header.SizeInBytes));
                at += header.SizeInBytes;
            }
        }

        return bytes;
    }

    /// <summary>The failures that a reader of files may end in: what is wrong with them is said to the operator.</summary>
    private static void Typed(Action read)
    {
        try
        {
            read();
        }
        catch (Exception refused) when (refused is LogCorruptionException or DamagedBatchException or DamagedRecordsException
            or MetadataCorruptException or KafkaStorageException or ConfigurationException)
        {
            OracleException.Require(refused.Message.Length > 0, "a refusal without a word");
        }
    }

    private static void Metered(byte[] bytes, int moreTimes, Action read, long more = 0)
    {
        var meter = AllocationMeter.Start();
        Typed(read);
        meter.Check(bytes.Length, "reading", more + ((long)moreTimes * bytes.Length));
    }

    private static void InFile(byte[] bytes, string name, Action<IFileStore> read)
    {
        var files = new ForgetfulFileStore(Clock.Instance);
        files.CreateFolder(Root);
        Put(files, $"{Root}/{name}", bytes);
        Metered(bytes, TextFactor, () => read(files));
    }

    /// <summary>Java's properties as both of their callers read them: lines go up, and values that are written are read again.</summary>
    private static void ReadProperties(byte[] bytes)
    {
        var pairs = new List<JavaProperty>();
        Metered(bytes, TextFactor, () =>
        {
            try
            {
                pairs.AddRange(JavaProperties.Read(JavaProperties.Decode(bytes)));
            }
            catch (MalformedPropertyException)
            {
                pairs.Clear();
            }
        });
        OracleException.Require(pairs.Zip(pairs.Skip(1)).All(static two => two.First.Line < two.Second.Line), "a pair in no later line than the one before");
        var written = JavaProperties.Encode(pairs.Select(static (pair, index) => ($"name{index}", pair.Value)), Clock.Instance.GetUtcNow());
        OracleException.Require(pairs.Select(static pair => pair.Value)
            .SequenceEqual(JavaProperties.Read(JavaProperties.Decode(written)).Select(static pair => pair.Value)),
            "a value that is written and read is another");
    }

    private static void ReadSettings(byte[] bytes) => Typed(() =>
    {
        var pairs = ConfigProperties.Parse(Encoding.UTF8.GetString(bytes)).Take(1_000);
        _ = ServerConfig.Create(pairs, "localhost");
    });

    private void OpenLog(string damaged, byte[] bytes, bool isClean)
    {
        var files = new ForgetfulFileStore(Clock.Instance);
        files.CreateFolder(Root);
        files.CreateFolder(LogFolder);
        foreach (var (name, content) in _log)
        {
            Put(files, $"{LogFolder}/{name}", name == damaged ? bytes : content);
        }

        var meter = AllocationMeter.Start();
        Typed(() =>
        {
            long end;
            using (var log = Open(files, isClean))
            {
                Use(log);
                end = log.LogEndOffset;
                log.Close();
            }

            using var again = Open(files, isClean: true);
            OracleException.Require(again.LogEndOffset == end, $"the log ended at {end} and, opened again, ends at {again.LogEndOffset}");
        });
        meter.Check(bytes.Length, "opening and using the log", OpenLogCap);
    }

    /// <summary>All that is asked of a partition's log, once.</summary>
    private static void Use(PartitionLog log)
    {
        Typed(() => Read(log));
        Typed(() => _ = log.FindByTimestamp(Clock.NowMs + 3));
        Typed(() => _ = log.FindMaxTimestamp());
        _ = log.Append(new ReadOnlySequence<byte>(Batch(log.LogEndOffset)));
        Typed(() => _ = log.ApplyRetention(Clock.NowMs, log.LogEndOffset));
    }

    private static void Read(PartitionLog log)
    {
        var from = log.LogStartOffset;
        for (var reads = 0; from < log.LogEndOffset && reads < 1_000; reads++)
        {
            var read = log.Read(from, 1 << 20, long.MaxValue, minOneBatch: true);
            OracleException.Require(!read.IsOutOfRange, $"offset {from} is out of the range of a log from {log.LogStartOffset} to {log.LogEndOffset}");
            if (read.Region is not { } region)
            {
                return;
            }

            using (region)
            {
                var aborted = new List<AbortedTransaction>();
                log.CollectAbortedTransactions(from, read, aborted);
                var next = from;
                foreach (var batch in RecordBatchEnumerator.Over(region.ToArray()))
                {
                    next = Math.Max(next, batch.Header.NextOffset);
                }

                if (next == from)
                {
                    return;
                }

                from = next;
            }
        }
    }

    private static PartitionLog Open(IFileStore files, bool isClean) =>
        PartitionLog.Open(new LogEnvironment(files, Clock.Instance, new Random(1)), LogFolder, new TopicPartition("t", 0),
            new LogSettings { SegmentBytes = 2_000, IndexIntervalBytes = 100 },
            new LogOpening(isClean));

    /// <summary>The files of a log with two segments, a producer, an aborted transaction and two leader epochs.</summary>
    private static Dictionary<string, byte[]> MakeLog()
    {
        var files = new ForgetfulFileStore(Clock.Instance);
        files.CreateFolder(Root);
        using (var log = Open(files, isClean: true))
        {
            log.Epochs.Assign(0, 0);
            for (var i = 0; log.SegmentCount < 3; i++)
            {
                _ = log.Append(new ReadOnlySequence<byte>(Batch(log.LogEndOffset)));
            }

            log.Epochs.Assign(1, log.LogEndOffset);
            log.Close();
        }

        return files.List(LogFolder).ToDictionary(static entry => entry.Name, entry => files.ReadAllBytes($"{LogFolder}/{entry.Name}"), StringComparer.Ordinal);
    }

    private static byte[] Batch(long baseOffset)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = baseOffset,
            PartitionLeaderEpoch = 0,
            ProducerId = 7,
            ProducerEpoch = 0,
            BaseSequence = (int)(baseOffset & 0xffff),
        };
        for (var i = 0; i < 3; i++)
        {
            builder.Append(Clock.NowMs + baseOffset + i, Text("key"), new byte[60]);
        }

        return builder.ToArray();
    }

    private static byte[][] MetadataSeeds()
    {
        using var batches = new PooledBuffer();
        _ = QuorumBatchCodec.EncodeControl([new SnapshotHeaderRecord { LastContainedLogTimestamp = Clock.NowMs }], 0, 1, Clock.NowMs, batches);
        _ = QuorumBatchCodec.Encode([new VersionedRecord(new TopicRecord { Name = "t", TopicId = new Uuid(1, 2) }, 0)], 1, 1, Clock.NowMs, batches);
        _ = QuorumBatchCodec.EncodeControl([new SnapshotFooterRecord()], 2, 1, Clock.NowMs, batches);
        return [batches.WrittenSpan.ToArray()];
    }

    private static byte[][] PropertiesSeeds() =>
    [
        Text("process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://127.0.0.1:0,CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n"
            + "controller.quorum.voters=1@localhost:9093\nadvertised.listeners=PLAINTEXT://h:1\nlog.dirs=a,b\nlog.retention.ms=-1\n"
            + "max.connections.per.ip.overrides=h:1\n"),
        Text("# a comment\n! another\nkey\\ with\\:blanks : value\\u0041 \\\n   continued\nempty\n\ta=b\\\\\n"),
    ];

    /// <summary>MetricsData: resource with an attribute, a scope, a sum with a point and a histogram.</summary>
    private static byte[][] OtlpSeeds()
    {
        byte[] attribute = [.. Field(1, Text("key")), .. Field(2, Field(1, Text("value")))];
        byte[] number = [.. Field(7, attribute), 0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
        byte[] sum = [.. Field(1, Text("org.apache.kafka.producer.x")), .. Field(3, Text("ms")), .. Field(7, [.. Field(1, number), 0x10, 1, 0x18, 1])];
        byte[] histogram = [.. Field(1, Text("h")), .. Field(9, Field(1, [.. Field(9, attribute), 0x21, 2, 0, 0, 0, 0, 0, 0, 0]))];
        byte[] gauge = [.. Field(1, Text("g")), .. Field(2, Text("what it is")), .. Field(5, Field(1, [0x31, 5, 0, 0, 0, 0, 0, 0, 0]))];
        return [Field(1, [.. Field(1, Field(1, attribute)), .. Field(2, [.. Field(2, sum), .. Field(2, histogram), .. Field(2, gauge)])])];
    }

    private static byte[] Field(int number, byte[] bytes) =>
        [(byte)((number << 3) | 2), .. bytes.Length < 128 ? [(byte)bytes.Length] : (byte[])[(byte)(bytes.Length | 0x80), (byte)(bytes.Length >> 7)], .. bytes];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static void Put(ForgetfulFileStore files, string path, byte[] bytes)
    {
        using var file = files.Open(path, FileOpening.CreateNew);
        file.Write(0, bytes);
    }

    private sealed class Clock : TimeProvider
    {
        public const long NowMs = 1_700_000_000_000;

        public static Clock Instance { get; } = new();

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}
