using System.Collections.Concurrent;
using KafkaCompat.Broker.Loops;

namespace KafkaCompat.Broker.Connections;

/// <summary>The connections that are served now: to close the quietest of them, and to end all of them in order.</summary>
public sealed class OpenConnections
{
    /// <summary>Each with its number, by which they came.</summary>
    private readonly ConcurrentDictionary<KafkaConnection, long> _open = new();

    private long _lastNumber;
    private volatile TaskCompletionSource? _drained;
    private volatile bool _areClosed;
    private readonly ConcurrentDictionary<string, long> _opened = new(StringComparer.Ordinal);

    /// <param name="listeners">The names of the listeners that there are.</param>
    public OpenConnections(IEnumerable<string> listeners)
    {
        foreach (var listener in listeners) _opened[listener] = 0;
    }

    public int Count => _open.Count;

    /// <summary>Connections that were ever served, by listener; 0 for a listener that has served none.</summary>
    public IEnumerable<KeyValuePair<string, long>> Opened => _opened.ToArray().OrderBy(static pair => pair.Key, StringComparer.Ordinal);

    /// <summary>How many are open on each listener; 0 for one that has none.</summary>
    public IReadOnlyDictionary<string, int> CountByListener()
    {
        var counts = _opened.Keys.Order(StringComparer.Ordinal).ToDictionary(static listener => listener, static _ => 0, StringComparer.Ordinal);
        foreach (var (connection, _) in _open) counts[connection.ListenerName] = counts.GetValueOrDefault(connection.ListenerName) + 1;
        return counts;
    }

    /// <summary>Closes as many connections as are too many, those first that were quiet longest; what is closing already counts.</summary>
    public void CloseQuietest(int surplus, Func<string, bool> mayClose)
    {
        if (surplus <= 0) return;
        var candidates = InOrder().Where(connection => mayClose(connection.ListenerName)).ToList();
        foreach (var connection in candidates.Where(static c => !c.IsClosing).OrderBy(static c => c.LastActivity)
            .Take(surplus - candidates.Count(static c => c.IsClosing)))
        {
            connection.Close();
        }
    }

    /// <summary>Lets every connection answer what it has begun and end; done when the last one has. Later ones end at once.</summary>
    public Task Drain()
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _drained = drained;
        foreach (var connection in InOrder()) connection.Drain();
        if (_open.IsEmpty) _ = drained.TrySetResult();
        return drained.Task.Followed();
    }

    /// <summary>Closes every connection; what is unanswered stays so. Later ones are closed at once.</summary>
    public void CloseAll()
    {
        _areClosed = true;
        foreach (var connection in InOrder()) connection.Close();
    }

    internal void Add(KafkaConnection connection)
    {
        _ = _open.TryAdd(connection, Interlocked.Increment(ref _lastNumber));
        _ = _opened.AddOrUpdate(connection.ListenerName, 1, static (_, count) => count + 1);
        if (_drained is not null) connection.Drain();
        if (_areClosed) connection.Close();
    }

    internal void Remove(KafkaConnection connection)
    {
        _ = _open.TryRemove(connection, out _);
        if (_open.IsEmpty) _ = _drained?.TrySetResult();
    }

    /// <summary>As they came. The dictionary's own copy is one of a moment; LINQ's is none where connections end meanwhile.</summary>
    private IEnumerable<KafkaConnection> InOrder() => _open.ToArray().OrderBy(static entry => entry.Value).Select(static entry => entry.Key);
}
