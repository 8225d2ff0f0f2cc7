using System.Text;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Kafka's names in C#'s spelling.</summary>
internal static class Names
{
    /// <summary>UNKNOWN_TOPIC_OR_PARTITION becomes UnknownTopicOrPartition, compression.type becomes CompressionType.</summary>
    public static string Pascal(string name)
    {
        var text = new StringBuilder();
        var start = true;
        foreach (var c in name)
        {
            if (c is '_' or '.' or '-' or ' ')
            {
                start = true;
                continue;
            }

            _ = text.Append(start ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            start = false;
        }

        return text.ToString();
    }
}
