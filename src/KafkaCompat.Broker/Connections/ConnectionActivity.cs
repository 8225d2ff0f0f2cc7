namespace KafkaCompat.Broker.Connections;

/// <summary>
/// When bytes last went over a connection, as timestamps of the node's clock. Whoever moves them notes it: a connection over which bytes flow in either
/// direction is not idle, however long a request takes to come or an answer to leave.
/// </summary>
public sealed class ConnectionActivity(TimeProvider time)
{
    private long _received = time.GetTimestamp();
    private long _sent = time.GetTimestamp();
    private long _untakenBytes;

    /// <summary>When bytes came last; when the connection began where none did.</summary>
    public long LastReceived => Volatile.Read(ref _received);

    /// <summary>When the client's side took bytes last; when the connection began where it took none.</summary>
    public long LastSent => Volatile.Read(ref _sent);

    /// <summary>The later of both.</summary>
    public long Last => Math.Max(LastReceived, LastSent);

    /// <summary>Bytes came.</summary>
    public void NoteReceived() => Volatile.Write(ref _received, time.GetTimestamp());

    /// <summary>The socket took bytes.</summary>
    public void NoteSent() => Volatile.Write(ref _sent, time.GetTimestamp());

    /// <summary>
    /// So many bytes wait in the transport for the client. Where they are fewer than when this was called last, the client has taken some: a large queue is
    /// reported as having room only when a third of it has gone, which takes a slow client long.
    /// </summary>
    public void NoteUntaken(long bytes)
    {
        if (Interlocked.Exchange(ref _untakenBytes, bytes) > bytes) NoteSent();
    }

    /// <summary>The present, to be handed to <see cref="NoteSent(long)"/>.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>The socket took bytes that were offered to it at <paramref name="offered"/>; returns how long it took.</summary>
    public TimeSpan NoteSent(long offered)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _sent, now);
        return time.GetElapsedTime(offered, now);
    }
}
