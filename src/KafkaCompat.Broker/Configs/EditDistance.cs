namespace KafkaCompat.Broker.Configs;

/// <summary>How far one word is from another, for messages that name what somebody probably meant.</summary>
public static class EditDistance
{
    /// <summary>
    /// The nearest of <paramref name="known"/> that is at most <paramref name="most"/> characters away, and fewer than the word has but one; null where
    /// none is.
    /// </summary>
    public static string? Nearest(string word, IEnumerable<string> known, int most)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(known);
        var (nearest, distance) = ((string?)null, Math.Min(most, word.Length - 2) + 1);
        foreach (var one in known)
        {
            // Words whose lengths differ by more are further away than that.
            if (one.Length == 0 || Math.Abs(one.Length - word.Length) >= distance || Between(word, one) is var found && found >= distance) continue;
            (nearest, distance) = (one, found);
        }
        return nearest;
    }

    /// <summary>Characters to insert, drop or change to come from one word to the other.</summary>
    public static int Between(string from, string to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[to.Length];
    }
}
