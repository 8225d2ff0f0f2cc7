using System.Text;

namespace KafkaCompat.Protocol.Importer;

/// <summary>Writes enums.spec and features.spec from Kafka's tables.</summary>
internal sealed class EnumImporter(string tables, string specs)
{
    /// <summary>Those that stand as numbers in messages and so become C# enums, with the type that carries them; the others stay names.</summary>
    private static readonly Dictionary<string, string> OnTheWire = new(StringComparer.Ordinal)
    {
        ["ResourceType"] = "int8",
        ["AclOperation"] = "int8",
        ["AclPermissionType"] = "int8",
        ["PatternType"] = "int8",
        ["SecurityProtocol"] = "int16",
        ["ScramMechanism"] = "int8",
        ["ConfigResource.Type"] = "int8",
        ["ConfigSource"] = "int8",
        ["ConfigType"] = "int8",
        ["AlterConfigOp"] = "int8",
        ["DescribeClientQuotas.MatchType"] = "int8",
        ["CoordinatorType"] = "int8",
        ["StreamsGroupHeartbeat.Status"] = "int8",
        ["ModernMemberState"] = "int8",
        ["StreamsMemberState"] = "int8",
        ["ShareRecordState"] = "int8",
        ["TransactionState"] = "int8",
        ["IsolationLevel"] = "int8",
        ["ElectionType"] = "int8",
        ["EndpointType"] = "int8",
        ["FeatureUpdate.UpgradeType"] = "int8",
        ["LeaderRecoveryState"] = "int8",
        ["BrokerState"] = "int8",
        ["RemoteLogSegmentState"] = "int8",
        ["RemotePartitionDeleteState"] = "int8",
        ["MetadataRecordType"] = "int16",
        ["GroupRecordType"] = "int16",
        ["TransactionRecordType"] = "int16",
        ["ShareRecordType"] = "int16",
    };

    public void Run()
    {
        Enums();
        Features();
    }

    private void Enums()
    {
        var text = new StringBuilder("# name: code | text on the wire or in a setting, where it differs. Those with a type are numbers in messages.\n");
        string? current = null;
        foreach (var row in Table.Read(Path.Combine(tables, "enums.tsv")))
        {
            if (row["enum"] != current)
            {
                current = row["enum"];
                _ = text.Append($"\nenum {current}{(OnTheWire.TryGetValue(current, out var type) ? $" : {type}" : "")}\n");
            }

            _ = text.Append($"  {row["name"]}:{Cell(" ", row["code"])}{Cell(" | ", row["text"])}\n");
        }

        Save("enums.spec", text.ToString());
    }

    private void Features()
    {
        var text = new StringBuilder("# Feature levels with the metadata version from which each can be set, then what each metadata version switches on.\n");
        string? current = null;
        foreach (var row in Table.Read(Path.Combine(tables, "features.tsv")))
        {
            if (row["feature"] != current)
            {
                current = row["feature"];
                _ = text.Append($"\nfeature {current} {row["supportedRange"].Replace("-", "..", StringComparison.Ordinal)}\n");
            }

            _ = text.Append(
                $"  level {row["level"]} {row["name"]} from {row["bootstrapMetadataVersion"]} "
                + $"{row["bootstrapMetadataLevel"]}{Cell(" needs ", row["dependencies"])}")
                .Append(row["defaultForNewCluster"] == "true" ? " default" : "").Append(row["latestProduction"] == "true" ? " production" : "").Append('\n');
        }

        foreach (var row in Table.Read(Path.Combine(tables, "metadata-versions.tsv")))
        {
            _ = text.Append($"\nmetadata-version {row["level"]} {row["name"]}\n");
            foreach (var (fact, value) in row.Where(p => p.Key is not ("level" or "name") && p.Value is not "false"))
            {
                _ = text.Append(value == "true" ? $"  {fact}\n" : $"  {fact}: {value}\n");
            }
        }

        Save("features.spec", text.ToString());
    }

    private static string Cell(string before, string value) => value.Length == 0 ? "" : before + value;

    private void Save(string relative, string text) => File.WriteAllText(Path.Combine(specs, relative), text);
}
