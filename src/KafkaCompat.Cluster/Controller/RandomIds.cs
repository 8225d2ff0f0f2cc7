using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Draws ids as Kafka does: type 4 UUIDs, none reserved, none whose text starts with '-', which a command line would take for an option.</summary>
public static class RandomIds
{
    public static Uuid Next(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Uuid.Size];
        while (true)
        {
            random.NextBytes(bytes);
            bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
            bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
            var id = Uuid.Read(bytes);
            if (id.ToString()[0] != '-')
            {
                return id;
            }
        }
    }
}
