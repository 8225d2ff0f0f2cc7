using System.Text.RegularExpressions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A row of Kafka's table of authorization: what an API asks on a kind of listener, and what is answered where that is denied.</summary>
internal sealed partial record AuthorizationRow(ApiKey Key, ApiListeners Listener, AclOperation Operation, ResourceType Type, string Subject, string IfDenied)
{
    /// <summary>Every row that asks something; skips the test where the table is absent.</summary>
    public static IReadOnlyList<AuthorizationRow> All() => [.. Rows(KafkaReference.Table("tables", "authorization.tsv"))];

    /// <summary>The keys of the table with their listeners, those that ask nothing among them.</summary>
    public static IReadOnlySet<(ApiKey Key, ApiListeners Listener)> Keys() => (
        from row in KafkaReference.Table("tables", "authorization.tsv")
        from listener in row["listener"].Split(',')
        select (KeyOf(row), Named<ApiListeners>(listener))).ToHashSet();

    /// <summary>The error that a denial is answered with; NONE where it is answered by leaving something out, or by asking something else.</summary>
    public ErrorCode Error => ErrorName().Match(IfDenied) is { Success: true } name ? Named<ErrorCode>(name.Value) : ErrorCode.None;

    /// <summary>
    /// All that has to be denied for the row's answer: what is asked first and would suffice, or what is asked instead, as the row says in words.
    /// </summary>
    public IEnumerable<(AclOperation Operation, ResourceType Type)> Denied(IEnumerable<AuthorizationRow> all)
    {
        yield return (Operation, Type);
        if (AskedBefore().Match(Subject) is { Success: true } before)
            yield return (Named<AclOperation>(before.Groups["operation"].Value), ResourceType.Cluster);
        if (AskedInstead().Match(Subject) is { Success: true } instead)
            yield return (Named<AclOperation>(instead.Groups["operation"].Value), ResourceType.Topic);
        foreach (var row in all.Where(row => row.Key == Key && row.Listener == Listener).TakeWhile(row => row != this))
        {
            if (row.IfDenied.StartsWith("falls back", StringComparison.Ordinal)) yield return (row.Operation, row.Type);
        }
    }

    private static IEnumerable<AuthorizationRow> Rows(IEnumerable<IReadOnlyDictionary<string, string>> table) =>
        from row in table
        where row["operation"] != "none"
        from listener in row["listener"].Split(',')
        select new AuthorizationRow(KeyOf(row), Named<ApiListeners>(listener), Named<AclOperation>(row["operation"]), Named<ResourceType>(row["resource"]),
            row["subject"], row["ifDenied"]);

    private static ApiKey KeyOf(IReadOnlyDictionary<string, string> row) => Named<ApiKey>(row["api"]);

    private static T Named<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    [GeneratedRegex(@"\b[A-Z_]+_AUTHORIZATION_FAILED\b")]
    private static partial Regex ErrorName();

    [GeneratedRegex(@"\bif (?<operation>[A-Z_]+)(?: on CLUSTER)? is denied")]
    private static partial Regex AskedBefore();

    [GeneratedRegex(@"\bif denied, (?<operation>[A-Z_]+) on each TOPIC is asked")]
    private static partial Regex AskedInstead();
}
