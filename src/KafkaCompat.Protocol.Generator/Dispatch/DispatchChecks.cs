namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>What may be wrong with handlers: each is a compile error at the handler, or at none where a handler is missing.</summary>
internal static class DispatchChecks
{
    private static readonly Listeners[] Each = [Listeners.Broker, Listeners.Controller];

    public static IEnumerable<(Place? Place, string Text)> Check(IReadOnlyList<ServedHandler> handlers) =>
        handlers.Where(h => h.Place is not null).SelectMany(CheckAlone).Concat(Twins(handlers));

    /// <summary>
    /// Every key that the specs have on a listener is served there, or is on the list of those that are not yet; what is on the list is not served.
    /// </summary>
    public static IEnumerable<(Place? Place, string Text)> CheckWhole(IReadOnlyList<ServedHandler> handlers, Surroundings around)
    {
        foreach (var key in around.Keys)
        {
            foreach (var listener in Each.Where(l => key.Listeners.HasFlag(l)))
            {
                var isServed = ServingOn(listener, handlers).Any(h => h.Key.Number == key.Number);
                var isListed = around.Unserved.Any(u => u.Key == key.Number && u.Listeners.HasFlag(listener));
                if (!isServed && !isListed)
                {
                    yield return (null,
                        $"nobody serves {key.Name} on a {NameOf(listener)}'s listener, where Kafka does: give it a handler, or name it among those that are "
                        + "not served yet");
                }
                else if (isServed && isListed)
                {
                    yield return (null, $"{key.Name} is served on a {NameOf(listener)}'s listener: take it off the list of those that are not served yet");
                }
            }
        }
    }

    /// <summary>What a handler asks for is a part of the node that serves it.</summary>
    public static IEnumerable<(Place? Place, string Text)> CheckParts(IReadOnlyList<ServedHandler> handlers, Surroundings around) =>
        from handler in handlers
        where !handler.IsDecided
        from listener in Each
        where handler.Listeners.HasFlag(listener)
        from parameter in handler.Parameters
        where PartFor(parameter, around.PartsOf(listener)) is null
        select (handler.Place, $"{handler.ClassName} asks for {parameter.Type} {parameter.Name}, and {listener}Parts has no such thing");

    /// <summary>The part that fits a parameter: the one of its type, or of several the one of its name.</summary>
    public static NamedType? PartFor(NamedType parameter, IEnumerable<NamedType> parts)
    {
        var fitting = parts.Where(p => p.Type == parameter.Type).ToList();
        return fitting.Count == 1 ? fitting[0] : fitting.Find(p => string.Equals(p.Name, parameter.Name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The handlers behind a kind of listener. What the controller serves and a broker may forward is served on both.</summary>
    public static IEnumerable<ServedHandler> ServingOn(Listeners listener, IReadOnlyList<ServedHandler> handlers) =>
        handlers.Where(h => h.Listeners.HasFlag(listener) || (listener == Listeners.Broker && IsForwarded(h, handlers)));

    /// <summary>Whether a broker's listener serves the key of a controller's handler by forwarding it.</summary>
    public static bool IsForwarded(ServedHandler handler, IReadOnlyList<ServedHandler> handlers) =>
        handler.Listeners.HasFlag(Listeners.Controller) && handler.Key.IsForwardable && handler.Key.Listeners.HasFlag(Listeners.Broker)
        && !handlers.Any(h => h.Key.Number == handler.Key.Number && h.Listeners.HasFlag(Listeners.Broker));

    private static IEnumerable<(Place? Place, string Text)> CheckAlone(ServedHandler handler)
    {
        string name = handler.ClassName, key = handler.Key.Name;
        if (handler.Request is null)
        {
            yield return (handler.Place, $"{name} serves {key} but implements no IHandler<TRequest, TResponse>");
        }
        else if (handler.RequestName != key + "Request")
        {
            yield return (handler.Place, $"{name} serves {key} but handles {handler.RequestName}");
        }
        else if (handler.Min > handler.Max || handler.Min < handler.SpecMin || handler.Max > handler.SpecMax)
        {
            yield return (handler.Place,
                $"{name} serves versions {handler.Min} to {handler.Max} of {key}, whose spec has {handler.SpecMin} to {handler.SpecMax}");
        }

        foreach (var listener in Each.Where(l => handler.Listeners.HasFlag(l) && !handler.Key.Listeners.HasFlag(l)))
        {
            yield return (handler.Place, $"{name} serves {key} on a {NameOf(listener)}'s listener, where the spec does not have it");
        }

        if (handler.IsDecided && handler.Listeners.HasFlag(Listeners.Broker))
        {
            yield return (handler.Place, $"{name} decides for the controller: {key} comes to it by the controller's listener, or is forwarded");
        }
    }

    private static IEnumerable<(Place? Place, string Text)> Twins(IReadOnlyList<ServedHandler> handlers)
    {
        foreach (var listener in Each)
        {
            foreach (var twins in handlers.Where(h => h.Listeners.HasFlag(listener)).GroupBy(h => h.Key.Number).Where(g => g.Count() > 1))
            {
                foreach (var twin in twins)
                {
                    yield return (twin.Place,
                        $"{twin.Key.Name} is served on a {NameOf(listener)}'s listener by "
                        + $"{string.Join(" and ", twins.Select(h => h.ClassName).OrderBy(n => n, StringComparer.Ordinal))}");
                }
            }
        }

        foreach (var twins in handlers.Where(h => h.IsDecided).GroupBy(h => h.Key.Number).Where(g => g.Count() > 1))
        {
            foreach (var twin in twins)
            {
                yield return (twin.Place,
                    $"{twin.Key.Name} is decided by {string.Join(" and ", twins.Select(h => h.ClassName).OrderBy(n => n, StringComparer.Ordinal))}");
            }
        }
    }

    private static string NameOf(Listeners listener) => listener == Listeners.Broker ? "broker" : "controller";
}
