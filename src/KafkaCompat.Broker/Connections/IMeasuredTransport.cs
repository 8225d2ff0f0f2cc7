namespace KafkaCompat.Broker.Connections;

/// <summary>A connection whose transport sees each byte go. Where a connection is none, what its reader and writer do stands for it.</summary>
public interface IMeasuredTransport
{
    /// <summary>Notes what goes over the connection from now on; before the first read.</summary>
    void Note(ConnectionActivity activity);
}
