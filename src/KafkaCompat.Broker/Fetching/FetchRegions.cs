using KafkaCompat.Broker.Partitions;

namespace KafkaCompat.Broker.Fetching;

/// <summary>The reads of one fetch. Their regions keep files open until the answer is written or dropped.</summary>
internal sealed class FetchRegions(int count) : IDisposable
{
    public PartitionRead[] Reads { get; } = new PartitionRead[count];

    /// <summary>Lets the files go. May be called again after another round of reads.</summary>
    public void Dispose()
    {
        for (var i = 0; i < Reads.Length; i++)
        {
            Reads[i].Region?.Dispose();
            Reads[i] = Reads[i] with { Region = null };
        }
    }
}
