using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>
/// The wall clock can be set at any moment, so it measures nothing: sessions, delays, throttles, retries and every other wait go by the monotonic clock
/// (<c>TickMs</c>, <c>GetTimestamp</c>). Who asks the wall clock stands here with the reason; a file that is not here and asks it has chosen the wrong one, or
/// a reason to add.
/// </summary>
public sealed partial class ClockTests
{
    private static readonly Dictionary<string, string> ReadsTheWallClock = new()
    {
        ["src/KafkaCompat.Storage/Files/ClockReadings.cs"] = "the one place that reads it as a number",
        ["src/KafkaCompat.Storage/Files/LogEnvironment.cs"] = "the age of producers, who are known by the times of their records",
        ["src/KafkaCompat.Storage/Files/ForgetfulFileStore.cs"] = "the times of files",
        ["src/KafkaCompat.Cluster/Machines/Now.cs"] = "hands both clocks to the machines",
        ["src/KafkaCompat.Cluster/Groups/ClassicGroup.cs"] = "when a group's state changed, which its record tells",
        ["src/KafkaCompat.Cluster/Groups/GroupShard.cs"] = "when a group came to be, which its record tells",
        ["src/KafkaCompat.Cluster/Groups/OffsetCommits.cs"] = "when an offset was committed and, from old clients, when it expires",
        ["src/KafkaCompat.Cluster/Groups/OffsetRetention.cs"] = "offsets expire by the times of their commits",
        ["src/KafkaCompat.Cluster/Quorum/RaftCore.cs"] = "when a replica fetched last, which DescribeQuorum tells",
        ["src/KafkaCompat.Broker/Loops/MachineTime.cs"] = "hands both clocks to the machines",
        ["src/KafkaCompat.Broker/Controller/ControllerLoop.cs"] = "the times of metadata records",
        ["src/KafkaCompat.Broker/Coordination/ShardLoop.cs"] = "the times of coordinators' records",
        ["src/KafkaCompat.Broker/Handlers/Quorum/DescribeQuorumHandler.cs"] = "when the leader was last at the end of its log, which is now",
        ["src/KafkaCompat.Broker/Partitions/LogMaintenance.cs"] = "retention and producers go by the times of records",
        ["src/KafkaCompat.Broker/Node/NodeDirectories.cs"] = "the times of the records of a directory that is formatted",
        ["src/KafkaCompat.Broker/Partitions/AppendTimes.cs"] = "the times of records, given in their order",
        ["src/KafkaCompat.Broker/Partitions/Partition.cs"] = "the times of records, given and checked",
        ["src/KafkaCompat.Broker/Quorum/QuorumLoop.cs"] = "the times of metadata records, and their retention",
        ["src/KafkaCompat.Server/CommandLine/FormatCommand.cs"] = "the times of the records of a directory that is formatted",
        ["src/KafkaCompat.Server/Logging/ProgramOutput.cs"] = "the time of a log line",
        ["src/KafkaCompat.Server/Logging/ConsoleLoggerFactory.cs"] = "the time of a log line",
        ["src/KafkaCompat.Testing/Hosting/ContextFreeTimeProvider.cs"] = "hands a test's clock on",
        ["src/KafkaCompat.Testing/Hosting/RecordAccess.cs"] = "the time of a record",
        ["src/KafkaCompat.Testing/Files/MemoryFile.cs"] = "the times of files",
        ["src/KafkaCompat.Testing/Files/MemoryFileStore.cs"] = "the times of files",
    };

    private static IEnumerable<string> Readers => Repository.CSharp("src").Where(static file => WallClock().IsMatch(Code(file)));

    [Fact]
    public void Only_what_is_written_down_or_shown_asks_the_wall_clock() => Findings.None(Readers.Where(static file => !ReadsTheWallClock.ContainsKey(file)));

    [Fact]
    public void Whoever_is_said_to_ask_it_does() => Findings.None(ReadsTheWallClock.Keys.Except(Readers));

    /// <summary>
    /// A deadline that was reckoned from the wall clock is a fault in whatever file: it is the sum of a time and a span, or the difference of two times.
    /// </summary>
    [Fact]
    public void Nothing_is_reckoned_from_the_wall_clock_where_it_is_read() =>
        Findings.None(
            Repository.Matches(Repository.CSharp("src").Where(static file => !file.EndsWith("/OffsetCommits.cs", StringComparison.Ordinal)), Reckoning()));

    private static string Code(string file) => Comment().Replace(Repository.Text(file), "");

    [GeneratedRegex(@"\bWallMs\b|\bGetUtcNow\(")]
    private static partial Regex WallClock();

    [GeneratedRegex(@"(?:\bWallMs(?:\(\))?|GetUtcNow\(\)(?:\.ToUnixTimeMilliseconds\(\))?) *[-+<>]|(?:[-+<]|(?<!=)>)=? *(?:\w+\.)*(?:WallMs\b|GetUtcNow\()")]
    private static partial Regex Reckoning();

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();
}
