using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Server.Decode;

/// <summary>
/// What the records of batches hold by themselves, for a log whose folder says nothing: a metadata log, a snapshot of it, or the log of an internal topic.
/// </summary>
internal static class BatchContent
{
    /// <summary>Records that are looked at.</summary>
    private const int MaxRecords = 64;

    /// <summary>The smallest type of a control record that only a metadata log has: a leader's election. Below are those of transactions.</summary>
    private const short FirstOfQuorum = 2;

    private static readonly RecordContent[] Framed = [RecordContent.Metadata, RecordContent.Groups, RecordContent.Transactions, RecordContent.Share];

    /// <summary>What every record of the first batches can be read as, to its last byte; plain where that is nothing, or several things.</summary>
    public static RecordContent Of(ReadOnlyMemory<byte> bytes)
    {
        var fitting = Framed.ToList();
        var seen = 0;
        var batches = RecordBatchEnumerator.Over(bytes);
        while (seen < MaxRecords && batches.MoveNext())
        {
            using var records = new RecordBatchReader(batches.Current);
            for (; seen < MaxRecords && records.MoveNext(); seen++)
            {
                if (!batches.Current.Header.IsControl)
                {
                    var record = new Content(records.Current.Key.ToArray(), records.Current.Value.ToArray());
                    _ = fitting.RemoveAll(content => !record.Is(content));
                }
                else if (records.Current.Key is { Length: >= 4 } key && BinaryPrimitives.ReadInt16BigEndian(key.Span[2..]) >= FirstOfQuorum)
                {
                    return RecordContent.Metadata;
                }
            }
        }

        return seen > 0 && fitting is [var one] ? one : RecordContent.Plain;
    }

    private readonly record struct Content(byte[]? Key, byte[]? Value)
    {
        public bool Is(RecordContent content)
        {
            try
            {
                return content switch
                {
                    RecordContent.Metadata => IsMetadata(),
                    RecordContent.Groups => IsKeyed(RecordFamily.Group),
                    RecordContent.Transactions => IsKeyed(RecordFamily.Transaction),
                    RecordContent.Share => IsKeyed(RecordFamily.Share),
                    _ => true,
                };
            }
            catch (WireFormatException)
            {
                return false;
            }
        }

        private bool IsMetadata()
        {
            if (Key is not null || Value is not { Length: > 0 }) return false;
            var reader = Reader(Value);
            return RecordSchemas.ReadFramed(RecordFamily.Metadata, ref reader, out _, out _) is not null && reader.Remaining == 0;
        }

        private bool IsKeyed(RecordFamily family)
        {
            if (Key is not { Length: > 0 }) return false;
            var reader = Reader(Key);
            if (RecordSchemas.ReadKey(family, ref reader, out var type) is null || reader.Remaining > 0) return false;
            if (Value is null) return true;
            reader = Reader(Value);
            return RecordSchemas.ReadValue(family, type, ref reader, out _) is not null && reader.Remaining == 0;
        }

        private static WireReader Reader(byte[] bytes) => new(bytes.AsMemory(), keepUnknownTags: true);
    }
}
