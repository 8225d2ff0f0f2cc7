namespace KafkaCompat.Protocol;

/// <summary>The logs whose records have numbered schemas.</summary>
public enum RecordFamily
{
    /// <summary>The metadata log: one framed record as the value.</summary>
    Metadata,

    /// <summary>__consumer_offsets: keys and values.</summary>
    Group,

    /// <summary>__transaction_state: keys and values.</summary>
    Transaction,

    /// <summary>__share_group_state: keys and values.</summary>
    Share,

    /// <summary>__remote_log_metadata: one framed record as the value.</summary>
    Storage,
}

/// <summary>Reads and writes the records of logs together with what stands before them.</summary>
public static partial class RecordSchemas
{
    private const uint FrameVersion = 1;

    /// <summary>Reads a framed value (metadata, storage): frame version, type, version, record. Null where the type is not known.</summary>
    public static IRecord? ReadFramed(RecordFamily family, ref WireReader reader, out short type, out short version)
    {
        var frame = reader.ReadUnsignedVarint();
        if (frame != FrameVersion)
        {
            throw new WireFormatException(WireFormatReason.Invalid, $"a record of frame version {frame}");
        }

        type = ReadNumber(ref reader);
        version = ReadNumber(ref reader);
        return ReadFramed(family, type, ref reader, version);
    }

    /// <summary>Reads the key of a coordinator's record: type, key. Null where the type is not known.</summary>
    public static IRecord? ReadKey(RecordFamily family, ref WireReader reader, out short type)
    {
        type = reader.ReadInt16();
        return ReadKey(family, type, ref reader, 0);
    }

    /// <summary>Reads the value of a coordinator's record: version, value; the type is the key's. Null where the type is not known.</summary>
    public static IRecord? ReadValue(RecordFamily family, short type, ref WireReader reader, out short version)
    {
        version = reader.ReadInt16();
        return ReadValue(family, type, ref reader, version);
    }

    /// <summary>Bytes that <see cref="WriteFramed"/> will write.</summary>
    public static int GetFramedSize(IRecord record, short version) =>
        WireSize.UnsignedVarint(FrameVersion) + WireSize.UnsignedVarint((uint)record.Type) + WireSize.UnsignedVarint((uint)version) + record.GetSize(version);

    /// <summary>Writes a framed value: frame version, type, version, record.</summary>
    public static void WriteFramed(ref WireWriter writer, IRecord record, short version)
    {
        writer.WriteUnsignedVarint(FrameVersion);
        writer.WriteUnsignedVarint((uint)record.Type);
        writer.WriteUnsignedVarint((uint)version);
        record.Write(ref writer, version);
    }

    /// <summary>Writes a coordinator's key: type, key.</summary>
    public static void WriteKey(ref WireWriter writer, IRecord key)
    {
        writer.WriteInt16(key.Type);
        key.Write(ref writer, 0);
    }

    /// <summary>Writes a coordinator's value, or any other message that its version precedes: version, value.</summary>
    public static void WriteVersioned(ref WireWriter writer, IMessage value, short version)
    {
        writer.WriteInt16(version);
        value.Write(ref writer, version);
    }

    private static short ReadNumber(ref WireReader reader)
    {
        var number = reader.ReadUnsignedVarint();
        return number <= short.MaxValue ? (short)number : throw new WireFormatException(WireFormatReason.Invalid, $"{number} is neither a type nor a version");
    }
}
