namespace KafkaCompat.Broker.Connections;

/// <summary>A connection whose transport sees each byte go. Where a connection is none, what its reader and writer do stands for it.</summary>
public interface IMeasuredTransport
{
    /// <summary>Notes what goes over the connection from now on; before the first read.</summary>
    void Note(ConnectionActivity activity);

    /// <summary>
    /// Bytes that the transport has taken and its client has not: the system's queue of the socket. While they grow fewer, the client reads. Null where nobody
    /// can tell. Anybody may ask, also when the connection has ended.
    /// </summary>
    long? UntakenBytes { get; }
}
