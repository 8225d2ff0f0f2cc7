using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>The identity of a node: its id, its roles, and the voters of its quorum where they are configured.</summary>
public sealed partial record NodeRoles(int Id, bool IsBroker, bool IsController, IReadOnlyList<QuorumVoter> StaticVoters,
    IReadOnlyList<string> BootstrapServers)
{
    internal const string OneAloneIsNotServed = "process.roles must be broker,controller: a node of one role alone is not served.";

    private const string NodeId = ConfigKeys.NodeId;
    private const string BrokerId = ConfigKeys.BrokerId;
    private const string Roles = ConfigKeys.ProcessRoles;
    private const string Voters = ConfigKeys.ControllerQuorumVoters;
    private const string BootstrapSetting = ConfigKeys.ControllerQuorumBootstrapServers;

    internal static NodeRoles Read(ServerConfig config, SettingProblems problems)
    {
        var id = config.GetInt(NodeId);
        if (config.IsSet(BrokerId))
            _ = problems.Require(config.GetInt(BrokerId) == id, "You must set `node.id` to the same value as `broker.id`.", NodeId, BrokerId);
        if (problems.IsSound(NodeId)) _ = problems.Require(id >= 0, $"{NodeId} is {id}: the id of a node is 0 or more.", NodeId);
        var roles = config.GetList(Roles);
        var (isBroker, isController) = (roles.Contains("broker"), roles.Contains("controller"));
        if (problems.IsSound(Roles)) _ = problems.Require(isBroker && isController, OneAloneIsNotServed, Roles);
        var bootstrap = config.GetList(BootstrapSetting).Distinct(StringComparer.Ordinal).ToList();
        foreach (var server in bootstrap)
        {
            if (!TryHostPort(server, out _, out _))
                problems.Add($"Invalid value {server} for configuration {BootstrapSetting}: expected host:port.", BootstrapSetting);
        }

        var voters = ReadVoters(config, problems);
        if (isBroker && isController)
        {
            _ = problems.Require(
                bootstrap.Count > 0 || voters.Count > 0,
                $"If using {Roles}, either {BootstrapSetting} must contain the set of bootstrap controllers or {Voters} must contain a parseable set of "
                    + "controllers.",
                Voters, BootstrapSetting, Roles);
            _ = problems.Require(
                voters.Count == 0 || voters.Exists(voter => voter.Id == id),
                $"If {Roles} contains the 'controller' role, the node id {id} must be included in the set of voters "
                    + $"{Voters}=[{string.Join(", ", voters.Select(static voter => voter.Id))}]",
                Voters, NodeId);
            _ = problems.Require(
                voters.Count <= 1,
                $"{Voters} names {voters.Count} voters: a quorum of more than one controller is not served yet, and this node would wait for the others for "
                    + "ever. Name this node alone.", Voters);
        }
        return new NodeRoles(id, isBroker, isController, voters, bootstrap);
    }

    /// <summary>Why empty directories are not made those of a new cluster; null where they are.</summary>
    internal SettingProblem? WhyNoNewCluster(IReadOnlyList<string> directories) => BootstrapServers.Count <= 1 ? null : new(
        $"{BootstrapSetting} names {BootstrapServers.Count} controllers ({string.Join(", ", BootstrapServers)}), and {string.Join(", ", directories)} "
            + $"{(directories.Count == 1 ? "is" : "are")} not formatted: this node would "
        + "become a cluster of its own. A quorum of several controllers is not served yet; name this node's own controller alone to begin a cluster of one "
        + "node.", [BootstrapSetting]);

    /// <summary>Splits <c>host:port</c>; the host of an IPv6 address stands in brackets.</summary>
    internal static bool TryHostPort(string text, out string host, out int port)
    {
        (host, port) = ("", 0);
        if (HostPort().Match(text) is not { Success: true } match || JavaText.Number(match.Groups["port"].ValueSpan, 0, ushort.MaxValue) is not { } number)
            return false;
        (host, port) = (match.Groups["host"].Value, (int)number);
        return true;
    }

    private static List<QuorumVoter> ReadVoters(ServerConfig config, SettingProblems problems)
    {
        var voters = new List<QuorumVoter>();
        foreach (var text in config.GetList(Voters))
        {
            var at = text.IndexOf('@', StringComparison.Ordinal);
            if (at > 0 && JavaText.Int(text.AsSpan(0, at)) is { } id && TryHostPort(text[(at + 1)..], out var host, out var port))
                voters.Add(new QuorumVoter(id, host, port));
            else
                problems.Add($"Invalid value {text} for configuration {Voters}: Each entry should be in the form `{{id}}@{{host}}:{{port}}`.", Voters);
        }
        // Of an id that stands twice the last place counts.
        return [.. voters.GroupBy(static voter => voter.Id).Select(static group => group.Last())];
    }

    [GeneratedRegex(@"^(?:[0-9a-zA-Z\-%._]*://)?\[?(?<host>[0-9a-zA-Z\-%._:]*)\]?:(?<port>[0-9]+)\z")]
    private static partial Regex HostPort();
}
