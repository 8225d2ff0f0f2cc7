using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// Cuts the frames of one connection out of what was received, and says of the one at the front whether its request may be started now. It holds the memory
/// that a frame takes from when its length is known until its request is done with the bytes.
/// </summary>
internal sealed class FrameCutter(int maxBytes, RequestOpener opener, ResponseQueue responses, RequestMemory.Claim? memory, AnswerMemory.Claim? answers)
{
    /// <summary>Bytes of an incomplete frame that may arrive before this looks again.</summary>
    private const int MaxBytesUnseen = 1024 * 1024;

    /// <summary>Bytes of a frame that hold its length and its API key.</summary>
    private const int BytesToKey = sizeof(int) + sizeof(short);

    /// <summary>What a frame asks for that is too short for a key.</summary>
    private const ApiKey NoKey = (ApiKey)(-1);

    /// <summary>Bytes that have to lie there before the next look is worth it.</summary>
    public int BytesNeeded { get; private set; } = sizeof(int);

    /// <summary>Whether the request that has to wait is a Produce.</summary>
    public bool IsProduceBlocked { get; private set; }

    /// <summary>The length of the frame at the front, whose first bytes lie there.</summary>
    public static int LengthOf(in ReadOnlySequence<byte> buffer) => ReadInt32(buffer);

    /// <summary>Looks again with whatever comes next.</summary>
    public void LookAtOnce() => BytesNeeded = 1;

    /// <summary>Looks again when a length lies there.</summary>
    public void LookAtLength() => BytesNeeded = sizeof(int);

    /// <summary>Finds the frame at the front of what was received, and whether its request may be started now.</summary>
    public FrameState Find(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        BytesNeeded = sizeof(int);
        if (buffer.Length < sizeof(int)) return FrameState.Incomplete;
        var length = ReadInt32(buffer);
        var isOfLength = length >= 0 && length <= maxBytes;
        var hasKey = isOfLength && length >= sizeof(short);
        if (hasKey && buffer.Length < BytesToKey)
        {
            // Whether it has to wait depends on what it is.
            BytesNeeded = BytesToKey;
            return FrameState.Incomplete;
        }
        var key = hasKey ? (ApiKey)ReadInt16(buffer.Slice(sizeof(int), sizeof(short))) : NoKey;
        if (!responses.MayStart(key == ApiKey.Produce))
        {
            IsProduceBlocked = key == ApiKey.Produce;
            return FrameState.Blocked;
        }
        if (!isOfLength)
        {
            opener.LogNoLength(length, maxBytes);
            return FrameState.Refused;
        }
        if (memory?.Take(length) == false) return FrameState.Starved;
        if (buffer.Length - sizeof(int) < length)
        {
            // A frame of any size is seen to arrive, for the sake of the idle deadline.
            BytesNeeded = (int)Math.Min(sizeof(int) + (long)length, buffer.Length + MaxBytesUnseen);
            return FrameState.Incomplete;
        }
        if (answers is { MustWait: true } && !AnswerMemory.IsBoundedByRequest(key)) return FrameState.Crowded;
        frame = buffer.Slice(sizeof(int), length);
        return FrameState.Complete;
    }

    /// <summary>What lies behind a frame that is cut.</summary>
    public ReadOnlySequence<byte> After(in ReadOnlySequence<byte> buffer, in ReadOnlySequence<byte> frame)
    {
        memory?.FrameCut();
        return buffer.Slice(frame.End);
    }

    private static short ReadInt16(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= sizeof(short)) return BinaryPrimitives.ReadInt16BigEndian(first);
        Span<byte> bytes = stackalloc byte[sizeof(short)];
        buffer.CopyTo(bytes);
        return BinaryPrimitives.ReadInt16BigEndian(bytes);
    }

    private static int ReadInt32(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= sizeof(int)) return BinaryPrimitives.ReadInt32BigEndian(first);
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }
}

/// <summary>What becomes of the frame at the front of what was received.</summary>
internal enum FrameState
{
    /// <summary>More of it has to come.</summary>
    Incomplete,

    /// <summary>Its request may be started, or was.</summary>
    Complete,

    /// <summary>The connection ends.</summary>
    Refused,

    /// <summary>The client is throttled; whatever lies there is not looked at before that is over.</summary>
    Paused,

    /// <summary>Requests of all connections together take as much memory as they may; the frame is not received before there is some.</summary>
    Starved,

    /// <summary>A request before it is not answered, or its answer not taken by the client.</summary>
    Blocked,

    /// <summary>The request costs so much that it is decoded in its turn, and elsewhere.</summary>
    Costly,

    /// <summary>
    /// Answers of all connections that their clients do not read take as much memory as they may; the request is not started before there is some.
    /// </summary>
    Crowded,
}
