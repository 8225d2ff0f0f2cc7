namespace KafkaCompat.Server.Settings;

/// <summary>Finds the word that somebody probably meant.</summary>
internal static class Words
{
    /// <summary>The nearest of <paramref name="known"/> that is at most <paramref name="most"/> letters away; null where none is.</summary>
    public static string? Nearest(string word, IEnumerable<string> known, int most)
    {
        var nearest = known.Where(static one => one.Length > 0).Select(one => (Word: one, Distance: Distance(word, one))).OrderBy(static pair => pair.Distance)
            .FirstOrDefault();
        return nearest.Word is not null && nearest.Distance <= most && nearest.Distance < word.Length - 1 ? nearest.Word : null;
    }

    /// <summary>Letters to insert, drop or change to come from one word to the other.</summary>
    private static int Distance(string from, string to)
    {
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
