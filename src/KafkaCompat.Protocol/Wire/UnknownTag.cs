namespace KafkaCompat.Protocol;

/// <summary>A tagged field that this version of the protocol does not know, as it stood on the wire.</summary>
public readonly record struct UnknownTag(int Tag, byte[] Data);

/// <summary>Writes kept unknown tags between the known ones, so that all stand in ascending order.</summary>
public struct UnknownTagCursor(List<UnknownTag>? tags)
{
    private int _next;

    /// <summary>Writes those that come before a known tag.</summary>
    public void WriteBefore(ref WireWriter writer, int tag)
    {
        while (tags is not null && _next < tags.Count && tags[_next].Tag < tag)
        {
            WriteNext(ref writer);
        }
    }

    /// <summary>Writes those that are left.</summary>
    public void WriteRest(ref WireWriter writer)
    {
        while (tags is not null && _next < tags.Count)
        {
            WriteNext(ref writer);
        }
    }

    private void WriteNext(ref WireWriter writer)
    {
        var unknown = tags![_next++];
        writer.WriteTag(unknown.Tag, unknown.Data.Length);
        writer.WriteRaw(unknown.Data);
    }
}
