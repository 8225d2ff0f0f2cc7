using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// The limits of one kind, and which of them binds a client. The most specific one does, in Kafka's order: user and client id, user with any client id, user;
/// then the same of any user; then client id, any client id. It says too with whom the client shares the limit: a limit of users is one for all clients of a
/// user, one of client ids is one for all users of that client id.
/// </summary>
public sealed class QuotaLimits
{
    /// <summary>In place of a name: the default of the type. No entity has an empty name.</summary>
    private const string Any = "";

    private readonly Dictionary<(string? User, string? ClientId), double> _limits;
    private readonly bool _bindsUsers;

    private QuotaLimits(Dictionary<(string? User, string? ClientId), double> limits)
    {
        _limits = limits;
        _bindsUsers = limits.Keys.Any(static entity => entity.User is not null);
    }

    public static QuotaLimits None { get; } = new([]);

    public bool IsEmpty => _limits.Count == 0;

    public static QuotaLimits Of(string key, ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>> quotas)
    {
        Dictionary<(string? User, string? ClientId), double>? limits = null;
        foreach (var (entity, values) in quotas)
        {
            if (!values.TryGetValue(key, out var limit)) continue;
            string? user = null, clientId = null;
            foreach (var (type, name) in entity.Parts)
            {
                if (type == QuotaEntityTypes.User) user = name ?? Any;
                else if (type == QuotaEntityTypes.ClientId) clientId = name ?? Any;
            }
            if (user is not null || clientId is not null) (limits ??= [])[(user, clientId)] = limit;
        }
        return limits is null ? None : new QuotaLimits(limits);
    }

    /// <summary>False where no limit binds the client.</summary>
    public bool TryFind(string user, string clientId, out QuotaBinding binding)
    {
        double limit;
        if (_bindsUsers)
        {
            if (_limits.TryGetValue((user, clientId), out limit) || _limits.TryGetValue((user, Any), out limit))
                return Bind(limit, user, clientId, out binding);
            if (_limits.TryGetValue((user, null), out limit)) return Bind(limit, user, null, out binding);
            if (_limits.TryGetValue((Any, clientId), out limit) || _limits.TryGetValue((Any, Any), out limit)) return Bind(limit, user, clientId, out binding);
            if (_limits.TryGetValue((Any, null), out limit)) return Bind(limit, user, null, out binding);
        }
        if (_limits.TryGetValue((null, clientId), out limit) || _limits.TryGetValue((null, Any), out limit)) return Bind(limit, null, clientId, out binding);
        binding = default;
        return false;
    }

    private static bool Bind(double limit, string? user, string? clientId, out QuotaBinding binding)
    {
        binding = new QuotaBinding(limit, user, clientId);
        return true;
    }
}
