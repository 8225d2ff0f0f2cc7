using System.Globalization;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Replacement;

/// <summary>
/// Segments are replaced under readers, sends, appends and crashes. No byte is wrong, nobody is told of an error that is none, and a crash leaves the old list
/// of segments or the new one. <c>REPLACE_STEPS</c> says how many random steps are taken, <c>REPLACE_SEED</c> where the seeds begin.
/// </summary>
public sealed class ReplaceSegmentsTests(ITestOutputHelper output)
{
    private const int StepsOfASeed = 250;
    private const int CrashSeeds = 4;

    [Fact]
    public void WhoeverReadsOrSendsFindsTheOldBytesOrTheNewOnes()
    {
        var steps = Variable("REPLACE_STEPS") ?? 4_000;
        var first = Variable("REPLACE_SEED") ?? 1;
        long reads = 0, sends = 0, swaps = 0, old = 0, replaced = 0;
        var seed = first;
        for (var done = 0; done < steps; done += StepsOfASeed, seed++)
        {
            try
            {
                var log = new ReplacedLog(seed);
                log.Fill(4);
                for (var step = 0; step < StepsOfASeed; step++)
                    log.Step();
                log.EndSends();
                log.Verify();
                (reads, sends, swaps, old, replaced) = (reads + log.Reads, sends + log.Sends, swaps + log.Swaps, old + log.LeftOld, replaced + log.LeftNew);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"REPLACE_SEED={seed} begins with the steps that fail: {failure.Message}", failure);
            }
        }
        output.WriteLine(
            $"seeds {first} to {seed - 1}: {steps} steps; {reads} reads, {sends} sends, {swaps} swaps; {old} crashes left the old segments and {replaced} the "
            + "new ones");
        Assert.True(reads > 0 && sends > 0 && swaps > 0 && old > 0 && replaced > 0, "Not all of it came up.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ACrashAtAnyOperationLeavesTheOldSegmentsOrTheNewOnes(bool isPowerCut)
    {
        int first = Variable("REPLACE_SEED") ?? 1, old = 0, replaced = 0;
        for (var seed = first; seed < first + CrashSeeds; seed++)
        {
            var wasReplaced = false;
            for (int cut = 0, isCut = 1; isCut == 1; cut++)
            {
                // The start that follows is cut short as well, at any of its operations.
                for (var recoveryCut = -1; recoveryCut < 24; recoveryCut += isPowerCut ? 5 : 3)
                {
                    try
                    {
                        var log = new ReplacedLog(seed);
                        log.Fill(4);
                        isCut = log.SwapAndCrash(cut, isPowerCut, seed * 1_000 + cut, recoveryCut) ? 1 : 0;
                        old += log.LeftOld;
                        replaced += log.LeftNew;
                        // A kill loses nothing: once the new ones hold they hold.
                        Assert.False(!isPowerCut && wasReplaced && log.LeftOld > 0);
                        wasReplaced |= log.LeftNew > 0;
                    }
                    catch (Exception failure)
                    {
                        throw new InvalidOperationException(
                            $"REPLACE_SEED={seed}, cut before operation {cut}, the start before {recoveryCut}: {failure.Message}", failure);
                    }
                }
            }
        }
        output.WriteLine($"{old} crashes left the old segments and {replaced} the new ones");
        Assert.True(old > 0 && replaced > 0);
    }

    /// <summary>A start knows of a swap what the names of its files say.</summary>
    [Fact]
    public void SegmentsThatAStartCouldNotTellApartAreRefused()
    {
        using var log = Open(new ForgetfulFileStore(new FixedClock(Batches.StartMs)));
        for (var i = 0; i < 3; i++)
        {
            log.Append(Batches.Plain(i * 10, 10));
            log.Roll();
        }
        var all = log.SealedSegments;
        Refuse(all, Beside(log, 10, 10));
        Refuse(all, Beside(log, 0, 10));
        Refuse(all.Slice(0, 1), Beside(log, 0, 11));
        Refuse(all, Beside(log, 0, 20), Beside(log, 10, 20));
        Assert.True(log.ReplaceSegments(all, [Beside(log, 0, 10), Empty(log, 10), Empty(log, 20)]));
        Assert.False(log.ReplaceSegments(all, [Beside(log, 0, 30)]));
        Assert.Equal((4, 10L), (log.SegmentCount, Batches.Header(log.ReadAll(0)).NextOffset));

        void Refuse(SegmentRange old, params LogSegment[] replacing)
        {
            _ = Assert.Throws<ArgumentException>(() => log.ReplaceSegments(old, replacing));
            SegmentSwap.Discard(replacing);
        }
    }

    private static LogSegment Beside(PartitionLog log, long baseOffset, int records)
    {
        var beside = Empty(log, baseOffset);
        beside.Append(KafkaCompat.Protocol.Records.BatchRun.Read(new(Batches.Plain(baseOffset, records))), 4096);
        return beside;
    }

    private static LogSegment Empty(PartitionLog log, long baseOffset) => log.CreateBeside(baseOffset);

    private static PartitionLog Open(ForgetfulFileStore files)
    {
        files.CreateFolder("/data");
        return PartitionLog.Open(new LogEnvironment(files, TimeProvider.System, new Random(1)), "/data/t-0", new TopicPartition("t", 0),
            LogSettings.Default with { IsCompacted = true }, new LogOpening(IsClean: false));
    }

    private static int? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : null;
}
