using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>Which handler serves which API key on a kind of listener. Built once at start; an array look-up a request.</summary>
public sealed class DispatchTable
{
    private readonly ServedApi?[] _byKey;

    public DispatchTable(ApiListeners listener, IEnumerable<ServedApi> served)
    {
        Listener = listener;
        Served = [.. served.OrderBy(api => (short)api.Key)];
        _byKey = new ServedApi?[Served.Count == 0 ? 0 : (short)Served[^1].Key + 1];
        foreach (var api in Served)
        {
            ref var slot = ref _byKey[(short)api.Key];
            if (slot is not null) throw new InvalidOperationException($"Two handlers serve {api.Key}.");
            slot = api;
        }
    }

    /// <summary>The kind of listener.</summary>
    public ApiListeners Listener { get; }

    /// <summary>The rules that say what clients of such a listener may do; null where they may do all.</summary>
    public IAuthorizer? Authorizer { get; init; }

    /// <summary>What ApiVersions advertises, in the order of keys.</summary>
    public IReadOnlyList<ServedApi> Served { get; }

    /// <summary>The same without these keys.</summary>
    internal DispatchTable Without(params ApiKey[] keys) => new(Listener, Served.Where(api => !keys.Contains(api.Key))) { Authorizer = Authorizer };

    /// <summary>Puts something before every handler. Before the first connection is served.</summary>
    internal void Intercept(IRequestInterceptor? interceptor)
    {
        foreach (var api in Served) api.Interceptor = interceptor;
    }

    public ServedApi? Find(short key) => (uint)key < (uint)_byKey.Length ? _byKey[key] : null;
}
