using System.Globalization;

namespace KafkaCompat.Broker.Configs;

/// <summary>The identity of a node: its id, its roles, and the voters of its quorum where they are configured.</summary>
public sealed record NodeRoles(int Id, bool IsBroker, bool IsController, IReadOnlyList<QuorumVoter> StaticVoters)
{
    internal const string OneAloneIsNotServed = "process.roles must be broker,controller: a node of one role alone is not served.";

    internal static NodeRoles Read(ServerConfig config)
    {
        var id = config.GetInt("node.id");
        if (config.IsSet("broker.id") && config.GetInt("broker.id") != id)
        {
            throw new ConfigurationException("You must set `node.id` to the same value as `broker.id`.");
        }

        var roles = config.GetList("process.roles");
        var bootstrap = config.GetList("controller.quorum.bootstrap.servers");
        var voters = new List<QuorumVoter>();
        foreach (var text in config.GetList("controller.quorum.voters"))
        {
            voters.Add(Voter(text));
        }

        foreach (var server in bootstrap)
        {
            if (!TryHostPort(server, out _, out _))
            {
                throw new ConfigurationException(
                    $"Invalid value {server} for configuration controller.quorum.bootstrap.servers: expected host:port.");
            }
        }

        if (bootstrap.Count == 0 && voters.Count == 0)
        {
            // Of a role that is not served nobody needs to hear what else it lacks.
            throw new ConfigurationException(roles.Count == 1 ? OneAloneIsNotServed :
                "If using process.roles, either controller.quorum.bootstrap.servers must contain the set of bootstrap controllers or controller.quorum.voters must contain a parseable set of controllers.");
        }

        var isController = roles.Contains("controller");
        if (voters.Count > 0 && isController != voters.Exists(voter => voter.Id == id))
        {
            throw new ConfigurationException(isController
                ? $"If process.roles contains the 'controller' role, the node id {id} must be included in the set of voters controller.quorum.voters=[{string.Join(", ", voters.Select(static v => v.Id))}]"
                : $"If process.roles contains just the 'broker' role, the node id {id} must not be included in the set of voters controller.quorum.voters=[{string.Join(", ", voters.Select(static v => v.Id))}]");
        }

        return new NodeRoles(id, roles.Contains("broker"), isController, voters);
    }

    /// <summary>Splits <c>host:port</c>; the host of an IPv6 address stands in brackets.</summary>
    internal static bool TryHostPort(string text, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        (host, port) = ("", 0);
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > 65535)
        {
            return false;
        }

        host = text[..colon].Trim('[', ']');
        return true;
    }

    private static QuorumVoter Voter(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && int.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && TryHostPort(text[(at + 1)..], out var host, out var port)
            ? new QuorumVoter(id, host, port)
            : throw new ConfigurationException($"Invalid value {text} for configuration controller.quorum.voters: Each entry should be in the form `{{id}}@{{host}}:{{port}}`.");
    }
}
