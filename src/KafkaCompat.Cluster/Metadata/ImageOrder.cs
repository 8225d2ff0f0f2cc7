namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// The order of what an image keeps in none: whatever reaches files, messages or logs goes by this one, so that two nodes with the same image say the same,
/// and so does one node in two runs.
/// </summary>
public static class ImageOrder
{
    /// <summary>By type, then name.</summary>
    public static IEnumerable<ConfigResource> InOrder(this IEnumerable<ConfigResource> resources) =>
        resources.OrderBy(static resource => resource.Type).ThenBy(static resource => resource.Name, StringComparer.Ordinal);

    /// <summary>By the names of their parts; the default of a type comes first.</summary>
    public static IEnumerable<QuotaEntity> InOrder(this IEnumerable<QuotaEntity> entities) =>
        entities.OrderBy(static entity => string.Join('\n', entity.Parts.Select(static part => $"{part.Key}={part.Value ?? "\0"}")), StringComparer.Ordinal);

    /// <summary>By user, then mechanism.</summary>
    public static IEnumerable<(sbyte Mechanism, string User)> InOrder(this IEnumerable<(sbyte Mechanism, string User)> credentials) =>
        credentials.OrderBy(static credential => credential.User, StringComparer.Ordinal).ThenBy(static credential => credential.Mechanism);
}
