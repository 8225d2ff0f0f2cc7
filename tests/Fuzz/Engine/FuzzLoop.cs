using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace KafkaCompat.Fuzz.Engine;

/// <summary>
/// Mutates inputs, runs them, keeps those that reach an edge (or a number of rounds) no other reached, and writes down those that break a promise.
/// One thread, one seed: the same seed tries the same inputs as far as time allows.
/// </summary>
internal sealed class FuzzLoop(FuzzTarget target, CoverageMap coverage, int seed, string findingsFolder)
{
    /// <summary>No input of <see cref="Mutator.MaxBytes"/> may take longer.</summary>
    public const int MaxMilliseconds = 1_000;

    /// <summary>What is longer is a hang, and ends the program with the input written down.</summary>
    private const int HangMilliseconds = 20_000;

    /// <summary>The same failure need not be written down often.</summary>
    private const int MaxFindings = 20;

    private readonly Random _random = new(seed);
    private readonly List<byte[]>[] _corpus = [.. target.Slots.Select(static _ => new List<byte[]>())];
    private readonly Dictionary<string, string> _findings = new(StringComparer.Ordinal);
    private FuzzInput _running;
    private long _runningSince;

    public long Executions { get; private set; }

    public int CorpusSize => _corpus.Sum(static slot => slot.Count);

    public int Findings => _findings.Count;

    public int Edges => coverage.Edges;

    /// <summary>Runs for a time, at least once over every seed.</summary>
    public void Run(TimeSpan time)
    {
        using var watchdog = new Timer(_ => EndWhereItHangs(), null, HangMilliseconds, HangMilliseconds / 4);
        var start = Stopwatch.GetTimestamp();
        foreach (var seedInput in target.Seeds().Where(static input => input.Bytes.Length <= Mutator.MaxBytes))
        {
            _ = TryRun(seedInput);
            _corpus[seedInput.Slot].Add(seedInput.Bytes);
        }

        int[] slots = [.. Enumerable.Range(0, _corpus.Length).Where(slot => _corpus[slot].Count > 0)];
        var mutator = new Mutator(_random);
        while (Stopwatch.GetElapsedTime(start) < time && _findings.Count < MaxFindings)
        {
            var slot = slots[_random.Next(slots.Length)];
            var entries = _corpus[slot];
            // Half of the time from the newest third: what was found last is least explored.
            var entry = _random.Next(2) == 0 ? _random.Next(entries.Count) : entries.Count - 1 - _random.Next((entries.Count + 2) / 3);
            var bytes = mutator.Mutate(entries[entry], entries[_random.Next(entries.Count)]);
            var input = new FuzzInput(slot, bytes);
            if (_random.Next(8) > 0)
            {
                input = input with { Bytes = target.Repair(input, _random) };
            }

            if (TryRun(input))
            {
                entries.Add(input.Bytes);
            }
        }
    }

    /// <summary>Runs one input; true where it reached something new.</summary>
    public bool TryRun(FuzzInput input)
    {
        Executions++;
        CoverageMap.Begin();
        var broken = Execute(input);
        var isNew = coverage.End();
        if (broken is not null)
        {
            Report(input, broken);
        }

        return isNew && broken is null;
    }

    /// <summary>
    /// What is wrong, or null. A cost is confirmed twice: the first run may pay for types that are loaded, and any run for the machine's other work.
    /// </summary>
    private string? Execute(FuzzInput input)
    {
        var broken = ExecuteOnce(input, out var isCost);
        for (var again = 0; isCost && again < 2; again++)
        {
            broken = ExecuteOnce(input, out isCost);
        }

        return broken;
    }

    private string? ExecuteOnce(FuzzInput input, out bool isCost)
    {
        isCost = false;
        var start = Stopwatch.GetTimestamp();
        _running = input;
        Volatile.Write(ref _runningSince, start);
        try
        {
            target.Run(input);
        }
        catch (OracleException broken)
        {
            isCost = true;
            return broken.Message;
        }
        catch (Exception escaped)
        {
            return escaped.ToString();
        }
        finally
        {
            Volatile.Write(ref _runningSince, 0);
        }

        var milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        isCost = milliseconds > MaxMilliseconds;
        return isCost ? $"{input.Bytes.Length} bytes took {milliseconds.ToString("F0", CultureInfo.InvariantCulture)} ms" : null;
    }

    private void Report(FuzzInput input, string broken)
    {
        // One finding for each place: the first line and the frame where it was thrown.
        var lines = broken.Split('\n');
        var place = lines.FirstOrDefault(static line => line.Contains("KafkaCompat", StringComparison.Ordinal)
            && line.TrimStart().StartsWith("at ", StringComparison.Ordinal)) ?? "";
        var key = $"{target.Slots[input.Slot]} {(place.Length > 0 ? place : new string([.. lines[0].Where(static c => !char.IsAsciiDigit(c))]))}";
        if (_findings.TryAdd(key, broken))
        {
            Console.WriteLine($"FINDING {target.Name} {target.Slots[input.Slot]} seed {seed}: {broken}\n  written to {Write(input, broken)}");
        }
    }

    private string Write(FuzzInput input, string broken)
    {
        _ = Directory.CreateDirectory(findingsFolder);
        var name = $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input.Bytes))[..12]}.fuzz";
        var path = Path.Combine(findingsFolder, name);
        FuzzFile.Write(path, target.Name, target.Slots[input.Slot], broken.Split('\n')[0].Trim(), input.Bytes);
        return path;
    }

    private void EndWhereItHangs()
    {
        var since = Volatile.Read(ref _runningSince);
        if (since == 0 || Stopwatch.GetElapsedTime(since).TotalMilliseconds < HangMilliseconds)
        {
            return;
        }

        var input = _running;
        Console.WriteLine(
            $"FINDING {target.Name} {target.Slots[input.Slot]} seed {seed}: {input.Bytes.Length} bytes hang\n  written to {Write(input, "hangs")}");
        Console.WriteLine("0 passed, 1 failed");
        Environment.Exit(1);
    }
}
