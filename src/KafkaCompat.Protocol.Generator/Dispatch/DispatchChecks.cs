namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>What may be wrong with handlers: each is a compile error at the handler.</summary>
internal static class DispatchChecks
{
    public static IEnumerable<(Place Place, string Text)> Check(IReadOnlyList<ServedHandler> handlers)
    {
        foreach (var handler in handlers)
        {
            if (handler.Request is null)
            {
                yield return (handler.Place, $"{handler.ClassName} serves {handler.KeyName} but implements no IHandler<TRequest, TResponse>");
            }
            else if (handler.RequestName != handler.KeyName + "Request")
            {
                yield return (handler.Place, $"{handler.ClassName} serves {handler.KeyName} but handles {handler.RequestName}");
            }
            else if (handler.Min > handler.Max || handler.Min < handler.SpecMin || handler.Max > handler.SpecMax)
            {
                yield return (handler.Place, $"{handler.ClassName} serves versions {handler.Min} to {handler.Max} of {handler.KeyName}, whose spec has {handler.SpecMin} to {handler.SpecMax}");
            }
        }

        foreach (var twins in handlers.GroupBy(h => h.Key).Where(g => g.Count() > 1))
        {
            foreach (var twin in twins)
            {
                yield return (twin.Place, $"{twin.KeyName} is served by {string.Join(" and ", twins.Select(h => h.ClassName).OrderBy(n => n, StringComparer.Ordinal))}");
            }
        }
    }
}
