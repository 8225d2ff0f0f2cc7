using System.Globalization;
using Xunit;

namespace KafkaCompat.Storage.Tests.Histories;

/// <summary>
/// Random histories of a log directory on a disk that forgets what was not synced. No acknowledged record is lost, none comes back under another topic, none
/// has another offset, a retry is a duplicate, and a clean stop is found as it was. <c>HISTORY_SEED</c>, with <c>HISTORY_CUT</c> for those that end at a given
/// operation, runs one alone.
/// </summary>
public sealed class HistoriesTests(ITestOutputHelper output)
{
    private const int Scripts = 60;
    private const int Histories = 5_000;
    private const int FreshHistories = 200;

    /// <summary>The same work, killed or without power before each of its file operations in turn.</summary>
    [Fact]
    public async Task NothingAcknowledgedIsLostWhereverTheWorkEnds()
    {
        long histories = 0, acknowledged = 0;
        if (Variable("HISTORY_SEED") is { } seed)
        {
            await Run(seed, Variable("HISTORY_CUT") ?? -1);
            return;
        }
        for (var script = 1; script <= Scripts; script++)
        {
            for (int cut = 0, isDone = 0; isDone < 2; cut++)
            {
                var history = await Run(script, cut);
                // Once more when it came to its end: even cuts lose the power, odd ones the process.
                isDone += history.Operations > 0 ? 1 : 0;
                histories++;
                acknowledged += history.Acknowledged;
            }
        }
        output.WriteLine($"{histories} histories, {acknowledged} acknowledgements");
        Assert.True(histories >= 5_000, $"There were {histories} histories.");
    }

    /// <summary>Up to four lives each, that end anywhere.</summary>
    [Fact]
    public async Task NothingAcknowledgedIsLostOverSeveralLives()
    {
        if (Variable("HISTORY_SEED") is not null)
            return;
        var fresh = Environment.TickCount & 0xffffff;
        long acknowledged = 0;
        foreach (var seed in Enumerable.Range(1, Histories).Concat(Enumerable.Range(fresh, FreshHistories)))
            acknowledged += (await Run(seed, -1)).Acknowledged;
        output.WriteLine($"seeds 1 to {Histories}, and {fresh} to {fresh + FreshHistories - 1}; {acknowledged} acknowledgements");
    }

    private static async Task<History> Run(int seed, int cut)
    {
        var history = new History(seed, cut);
        try
        {
            await history.Run();
            return history;
        }
        catch (Exception failure)
        {
            var how = $"HISTORY_SEED={seed}" + (cut < 0 ? "" : $" HISTORY_CUT={cut}");
            throw new InvalidOperationException($"{how} runs this one alone: {failure.Message}", failure);
        }
    }

    private static int? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : null;
}
