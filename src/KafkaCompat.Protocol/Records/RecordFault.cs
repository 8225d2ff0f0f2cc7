namespace KafkaCompat.Protocol.Records;

/// <summary>
/// What is wrong with bytes that should hold batches or records. Reading never throws for what the bytes hold: it stops and says one of these.
/// </summary>
public enum RecordFault : byte
{
    None,

    /// <summary>The length of a batch is below the smallest header's.</summary>
    BatchLengthTooSmall,

    /// <summary>Bytes end before the batch does. At the end of a log or of a fetched range that is usual.</summary>
    BatchIncomplete,

    /// <summary>No magic that ever was.</summary>
    UnknownMagic,

    /// <summary>A message of magic 0 or 1, which <see cref="LegacyMessageSet"/> reads.</summary>
    LegacyMagic,

    /// <summary>A magic 2 batch that is shorter than its header.</summary>
    HeaderIncomplete,

    CrcMismatch,

    /// <summary>The attributes name codec 5, 6 or 7.</summary>
    UnknownCodec,

    /// <summary>The codec could not read the compressed records.</summary>
    Undecodable,

    /// <summary>The compressed records decompress to more than the caller's limit.</summary>
    DecompressedTooLarge,

    NegativeRecordCount,

    /// <summary>The records end before their count.</summary>
    RecordsMissing,

    /// <summary>Bytes are left after the last record.</summary>
    RecordsLeftOver,

    /// <summary>A record's length is negative or past the end of the records.</summary>
    RecordLengthInvalid,

    /// <summary>A record's length is a number of more than five bytes.</summary>
    RecordLengthOverlong,

    /// <summary>A compressed record is larger than the caller's limit.</summary>
    RecordTooLarge,

    /// <summary>A field inside a record runs past the record's end, or bytes are left over in it.</summary>
    RecordMalformed,

    /// <summary>The number of a record's headers, or the length of a header's key, is negative.</summary>
    RecordFieldNegative,
}
