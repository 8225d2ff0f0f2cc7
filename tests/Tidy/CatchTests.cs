using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>
/// A broken invariant ends the node, so nobody who catches whatever there may be keeps it to himself: he throws again, reports it's <c>FatalFaults</c>, or
/// lets it through by a filter, unless the list here says how it gets to the node all the same.
/// </summary>
public sealed partial class CatchTests
{
    /// <summary>A file and its member that catch, and why nothing is lost there.</summary>
    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["Controller/ControllerAppend.cs AnswerWhenApplied"] = "what the applier failed of has ended it, and with it the node",
        ["Controller/ControllerLoop.cs TakeTurn"] = "ends the loop, and with it the node",
        ["Controller/ControllerLoop.cs CompleteActive"] = "what the applier failed of has ended it, and with it the node",
        ["Controller/ControllerLoop.cs Commit"] = "ends the loop, and with it the node",
        ["Partitions/LogMaintenance.cs Complete"] = "fails what the node waits for, and with it the node",
        ["Partitions/LogSyncer.cs Sync"] = "the directory has it as what failed it, and hands it to the node",
        ["Quorum/QuorumLoop.cs Guarded"] = "ends the loop, and with it the node",
        ["Quorum/QuorumLoop.cs OnDisk"] = "ends the loop, and with it the node",
        ["Peers/PeerSession.cs Send"] = "of the bytes of a peer alone: whoever asked hears that the connection is lost",
        ["Peers/PeerSession.cs Receive"] = "of the bytes of a peer alone: whoever asked hears that the connection is lost",
        ["Connections/ResponseQueue.cs Drain"] = "the connection has it as what closed the queue, and reports it",
        ["Connections/ResponseQueue.cs DrainAfter"] = "the connection has it as what closed the queue, and reports it",
        ["Connections/ResponseQueue.cs WriteReady"] = "the connection has it as what closed the queue, and reports it",
        ["Connections/ResponseQueue.cs Record"] = "the connection is told of it, and reports it",
        ["Connections/ResponseQueue.cs Release"] = "the connection is told of it, and reports it",
        ["Connections/KafkaConnection.cs StartRequest"] = "Fail reports it",
        ["Connections/KafkaConnection.cs Complete"] = "Fail reports it",
        ["Connections/KafkaConnection.cs CompleteLater"] = "Fail reports it",
        ["Connections/KafkaConnection.cs Log"] = "of a line of the log alone",
        ["Node/StopSteps.cs Take"] = "Note reports it",
    };

    [Fact]
    public void Whoever_catches_everything_lets_a_broken_invariant_reach_the_node()
    {
        var found = Repository.CSharp("src/KafkaCompat.Broker")
            .SelectMany(static file => Swallowed(Repository.Text(file)).Select(member => $"{file["src/KafkaCompat.Broker/".Length..]} {member}"))
            .Distinct(StringComparer.Ordinal);
        Ratchet.Holds(found, Reasons.Keys);
    }

    [Theory]
    [InlineData("catch (Exception e)\n{\n    Log(e);\n}", true)]
    [InlineData("catch\n{\n}", true)]
    [InlineData("catch (Exception e) when (e is not OperationCanceledException)\n{\n    Log(e);\n}", true)]
    [InlineData("catch (Exception e)\n{\n    Log(e);\n    throw;\n}", false)]
    [InlineData("catch (Exception e)\n{\n    if (!faults.Report(e)) Log(e);\n}", false)]
    [InlineData("catch (Exception e) when (FatalFaults.MayBeSwallowed(e))\n{\n    Log(e);\n}", false)]
    [InlineData("catch (Exception e) when (e is IOException or ObjectDisposedException)\n{\n    Log(e);\n}", false)]
    [InlineData("catch (Exception e) when (FileShortage.IsOfDescriptors(e))\n{\n    Log(e);\n}", false)]
    [InlineData("catch (IOException)\n{\n}", false)]
    public void What_swallows_is_found(string caught, bool isSwallowed) =>
        Assert.Equal(
            isSwallowed ? ["Do"] : [],
            Swallowed($"class C\n{{\n    private void Do(int a)\n    {{\n        try\n        {{\n        }}\n        {caught}\n    }}\n}}\n"));

    /// <summary>The members of a file that keep to themselves what they catch.</summary>
    private static IEnumerable<string> Swallowed(string text)
    {
        foreach (Match caught in Catch().Matches(text))
        {
            var handled = caught.Groups["filter"].Value + BlockAfter(text, caught.Index + caught.Length);
            if (Passes().IsMatch(handled) || Names().IsMatch(caught.Groups["filter"].Value)) continue;
            yield return Member().Matches(text[..caught.Index]).LastOrDefault()?.Groups["name"].Value ?? "?";
        }
    }

    private static string BlockAfter(string text, int index)
    {
        var start = text.IndexOf('{', index);
        var (depth, at) = (0, start);
        do
        {
            depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
            at++;
        }
        while (depth > 0);
        return text[start..at];
    }

    /// <summary>A catch of everything, with its filter.</summary>
    [GeneratedRegex(@"\bcatch(?: \(Exception(?: \w+)?\))?(?=\s*(?:when|\{))(?<filter>\s*when \([^{]*\)(?=\s*\{))?")]
    private static partial Regex Catch();

    /// <summary>It is thrown on, or reported.</summary>
    [GeneratedRegex(@"\bthrow\b|\.Throw\(|MayBeSwallowed\(|[fF]aults\.Report\(")]
    private static partial Regex Passes();

    /// <summary>A filter that names what is caught: no invariant.</summary>
    [GeneratedRegex(@"\w+ is (?!not\b)|IsOfDescriptors\(|CanDoWithout\(|IsForeseen\(")]
    private static partial Regex Names();

    [GeneratedRegex(
        @"^    (?:public |private |internal |protected |static |async |override )*[\w<>\[\],.?() ]+ (?<name>\w+)(?:<\w+>)?\([^;\n]*$", RegexOptions.Multiline)]
    private static partial Regex Member();
}
