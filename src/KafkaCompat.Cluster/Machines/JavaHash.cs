namespace KafkaCompat.Cluster.Machines;

/// <summary>How Java hashes strings, where Kafka's behaviour follows from it.</summary>
internal static class JavaHash
{
    /// <summary><c>String.hashCode</c>, over UTF-16 units as here.</summary>
    public static int HashCode(string text)
    {
        var hash = 0;
        foreach (var unit in text)
            hash = unchecked((31 * hash) + unit);
        return hash;
    }

    /// <summary>Where a small hash table of Java's, with 16 places, keeps a key: its order of iteration.</summary>
    public static int Place(string text)
    {
        var hash = HashCode(text);
        return (hash ^ (hash >>> 16)) & 15;
    }
}
