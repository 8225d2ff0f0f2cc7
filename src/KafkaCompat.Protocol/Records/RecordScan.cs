using System.Globalization;
using System.Text;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Reads every record of a produced batch once: is it whole, has it a key where the topic wants one, is its timestamp in range, do offsets
/// count up from 0. Nothing is kept but the largest timestamp and the records that are refused.
/// </summary>
internal struct RecordScan(RecordBatchHeader header, ProduceBatchRules rules)
{
    /// <summary>Refused records beyond these are counted only: Kafka names every one, and a batch can hold a million.</summary>
    public const int MaxRecordErrors = 1000;

    /// <summary>
    /// All records of a compressed batch together: more than this is a bomb, unless the batch itself is that large. Producers fill batches by their size before
    /// compression or close to it, so that no batch of records comes near; a producer of Java's cuts a batch that is refused for it in two.
    /// </summary>
    public const long MaxDecompressedBytes = 128L * 1024 * 1024;

    /// <summary>A batch of more than a 128th of <see cref="MaxDecompressedBytes"/> may decompress to this many times its size.</summary>
    public const int MaxDecompressionRatio = 128;

    private const int ShownErrors = 3;

    private readonly long _earliest = SaturatingSubtract(rules.NowMs, rules.Settings.TimestampBeforeMaxMs);
    private readonly long _latest = SaturatingAdd(rules.NowMs, rules.Settings.TimestampAfterMaxMs);
    private List<ProduceRecordError>? _errors;
    private int _errorCount;
    private bool _hasBadTimestamp;
    private bool _offsetsAreWrong;

    public long MaxTimestamp { get; private set; } = RecordBatchHeader.NoTimestamp;

    /// <summary>
    /// Null if the records may be stored. Kafka minds wrong offsets only in compressed batches that stay as they are, and names refused records first.
    /// </summary>
    public ProduceVerdict? Run(in RecordBatchSlice batch)
    {
        RecordFault fault;
        var isCompressed = header.Codec != CompressionType.None;
        if (!isCompressed)
        {
            var cursor = new RecordCursor(batch.Payload);
            fault = Run(ref cursor);
            // Kafka reads this number outside of what turns malformed records into an answer.
            if (fault == RecordFault.RecordLengthOverlong) return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
        }
        else
        {
            using var source = CompressionCodecs.Get(header.Codec).Open(batch.Payload);
            var limit = Math.Max(MaxDecompressedBytes, (long)MaxDecompressionRatio * header.SizeInBytes);
            var cursor = new RecordCursor(source, rules.Settings.MaxDecompressedMessageBytes, limit);
            fault = Run(ref cursor);
            // What the codec cannot read is the codec's fault, also where the records before it were odd already.
            if (ReadsOn(fault, source.ReadsAhead)) cursor.SkipToEnd();
            if (cursor.IsDamaged) return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
            if (cursor.IsTooLarge)
            {
                return ProduceVerdict.Refuse(ErrorCode.MessageTooLarge, string.Create(CultureInfo.InvariantCulture,
                    $"The batch of {header.SizeInBytes} bytes decompresses to more than {limit} bytes, which a broker does not read for it."));
            }
        }
        if (fault != RecordFault.None) return ProduceVerdict.Refuse(ErrorCode.InvalidRecord);
        if (_errorCount > 0) return Refuse();
        return isCompressed && !IsRebuilt && _offsetsAreWrong ? ProduceVerdict.Refuse(ErrorCode.UnknownServerError) : null;
    }

    /// <summary>Whether Kafka reads on where this stops: over fields that end behind their record it only steps, until the codec has no more.</summary>
    private static bool ReadsOn(RecordFault fault, bool codecReadsAhead) => fault switch
    {
        RecordFault.None or RecordFault.RecordTooLarge => false,
        RecordFault.RecordsLeftOver or RecordFault.RecordLengthInvalid or RecordFault.RecordFieldNegative => codecReadsAhead,
        _ => true,
    };

    private RecordFault Run(ref RecordCursor cursor)
    {
        var count = header.RecordCount;
        for (var i = 0; i < count; i++)
        {
            var fault = cursor.TryRead(out var record);
            if (fault != RecordFault.None) return fault;
            Check(i, record);
        }
        return cursor.HasMore() ? RecordFault.RecordsLeftOver : RecordFault.None;
    }

    private void Check(int index, in RecordFields record)
    {
        if (record.OffsetDelta != index) _offsetsAreWrong = true;
        if (rules.Settings.RequiresKeys && record.KeyLength < 0)
        {
            if (Counts()) Add(index, $"Compacted topic cannot accept message without key in topic partition {rules.Topic}-{rules.Partition}");
            return;
        }
        var isBrokersTime = header.TimestampType == TimestampType.LogAppendTime;
        var timestamp = isBrokersTime ? header.MaxTimestamp : header.BaseTimestamp + record.TimestampDelta;
        if (rules.Settings.TimestampType == TimestampType.LogAppendTime)
        {
            if (!isBrokersTime) return;
            _hasBadTimestamp = true;
            if (Counts()) Add(index, NotForProducers(record, timestamp));
            return;
        }
        if (timestamp != RecordBatchHeader.NoTimestamp && (timestamp < _earliest || timestamp > _latest))
        {
            _hasBadTimestamp = true;
            if (Counts()) Add(index, OutOfRange(record, timestamp));
            return;
        }
        MaxTimestamp = Math.Max(MaxTimestamp, timestamp);
    }

    private readonly string NotForProducers(in RecordFields record, long timestamp) => string.Create(CultureInfo.InvariantCulture,
        $"Invalid timestamp type in message {(IsReadInPart ? "Partial" : "")}DefaultRecord(offset={header.BaseOffset + record.OffsetDelta}, "
            + $"timestamp={timestamp}, key={Shown(record.KeyLength)} bytes, value={Shown(record.ValueLength)} bytes). Producer should not set timestamp type "
            + $"to LogAppendTime.");

    /// <summary>Kafka names the class that read the record: a compressed batch that stays as it is, is read in part only.</summary>
    private readonly bool IsReadInPart => header.Codec != CompressionType.None && !IsRebuilt;

    private readonly bool IsRebuilt => header.Codec != (rules.Settings.Codec ?? header.Codec);

    /// <summary>A key or value that is null has no bytes, and where nothing but its length was read the length of one that is null.</summary>
    private readonly int Shown(int length) => IsReadInPart ? length : Math.Max(0, length);

    private readonly string OutOfRange(in RecordFields record, long timestamp) => string.Create(CultureInfo.InvariantCulture,
        $"Timestamp {timestamp} of message with offset {header.BaseOffset + record.OffsetDelta} is out of range. The timestamp should be within [{_earliest}, "
            + $"{_latest}]");

    /// <summary>Counts a refused record, and says whether it is one of those that are named.</summary>
    private bool Counts() => _errorCount++ < MaxRecordErrors;

    private void Add(int index, string message) => (_errors ??= []).Add(new ProduceRecordError(index, message));

    private readonly ProduceVerdict Refuse()
    {
        if (_hasBadTimestamp)
            return ProduceVerdict.Refuse(ErrorCode.InvalidTimestamp, "One or more records have been rejected due to invalid timestamp", _errors!);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"One or more records have been rejected due to {_errorCount} record errors in total, and only showing the first three errors at most: [");
        for (var i = 0; i < Math.Min(ShownErrors, _errors!.Count); i++)
            text.Append(CultureInfo.InvariantCulture, $"{(i > 0 ? ", " : "")}RecordError(batchIndex={_errors[i].BatchIndex}, message='{_errors[i].Message}')");
        return ProduceVerdict.Refuse(ErrorCode.InvalidRecord, text.Append(']').ToString(), _errors);
    }

    private static long SaturatingSubtract(long a, long b) => b > 0 && a < long.MinValue + b ? long.MinValue : a - b;

    private static long SaturatingAdd(long a, long b) => b > 0 && a > long.MaxValue - b ? long.MaxValue : a + b;
}
