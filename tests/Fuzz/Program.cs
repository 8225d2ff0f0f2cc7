using System.Globalization;
using KafkaCompat.Fuzz.Engine;
using KafkaCompat.Fuzz.Targets;

namespace KafkaCompat.Fuzz;

/// <summary>
/// <c>dotnet run -c Release --project tests/Fuzz -- [target…] [--seconds N] [--seed S] [--findings FOLDER] [FILE.fuzz…]</c>: each target for N seconds,
/// or the inputs of files alone. What was found once is run first. The last line is <c>N passed, N failed</c>.
/// </summary>
internal static class Program
{
    private const int DefaultSeconds = 60;

    public static int Main(string[] args)
    {
        if (args is [CodecVerdicts.Argument, var payloads, var answers])
        {
            CodecVerdicts.Run(payloads, answers);
            return 0;
        }

        if (args is not [Instrumentation.Argument, .. var arguments])
        {
            return Instrumentation.Run(args);
        }

        CoverageMap.Attach();
        var seconds = DefaultSeconds;
        var seed = Environment.TickCount & 0xffff;
        var findings = GoldenRows.Findings;
        var names = new List<string>();
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--seconds": seconds = int.Parse(arguments[++i], CultureInfo.InvariantCulture); break;
                case "--seed": seed = int.Parse(arguments[++i], CultureInfo.InvariantCulture); break;
                case "--findings": findings = arguments[++i]; break;
                default: names.Add(arguments[i]); break;
            }
        }

        FuzzTarget[] targets = [new MessageTarget(), new BatchTarget(), new CodecTarget(), new FileTarget()];
        var files = names.Where(static name => name.EndsWith(".fuzz", StringComparison.Ordinal)).ToList();
        if (names.Except(files).Except(targets.Select(static t => t.Name)).FirstOrDefault() is { } unknown)
        {
            Console.Error.WriteLine($"There is no target {unknown}; there are {string.Join(", ", targets.Select(static t => t.Name))}.");
            return 1;
        }

        int passed = 0, failed = 0;
        foreach (var target in targets)
        {
            var isNamed = names.Count == 0 || names.Contains(target.Name);
            var loop = new FuzzLoop(target, new CoverageMap(), seed, findings);
            foreach (var file in (isNamed ? Regressions() : []).Concat(files).Select(FuzzFile.Read).Where(file => file.Target == target.Name))
            {
                var before = loop.Findings;
                _ = loop.TryRun(new FuzzInput(target.Slots.ToList().IndexOf(file.Slot), file.Bytes));
                (passed, failed) = loop.Findings == before ? (passed + 1, failed) : (passed, failed + 1);
            }

            if (!isNamed)
            {
                continue;
            }

            var known = loop.Findings;
            loop.Run(TimeSpan.FromSeconds(seconds));
            (passed, failed) = loop.Findings == known ? (passed + 1, failed) : (passed, failed + loop.Findings - known);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{target.Name}: {loop.Executions} executions in {seconds} s ({loop.Executions / Math.Max(1, seconds)}/s), seed {seed}, {target.Slots.Count} "
                    + $"readers, {loop.Edges} edges, {loop.CorpusSize} inputs kept, {loop.Findings} findings"));
        }

        Console.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private static IEnumerable<string> Regressions() =>
        Directory.Exists(GoldenRows.Regressions) ? Directory.EnumerateFiles(GoldenRows.Regressions, "*.fuzz").Order(StringComparer.Ordinal) : [];
}
