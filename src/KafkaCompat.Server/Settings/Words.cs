using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.Settings;

/// <summary>Finds the word that somebody probably meant.</summary>
internal static class Words
{
    /// <summary>The nearest of <paramref name="known"/> that is at most <paramref name="most"/> letters away; null where none is.</summary>
    public static string? Nearest(string word, IEnumerable<string> known, int most)
    {
        var nearest = known.Where(static one => one.Length > 0).Select(one => (Word: one, Distance: EditDistance.Between(word, one)))
            .OrderBy(static pair => pair.Distance).FirstOrDefault();
        return nearest.Word is not null && nearest.Distance <= most && nearest.Distance < word.Length - 1 ? nearest.Word : null;
    }
}
