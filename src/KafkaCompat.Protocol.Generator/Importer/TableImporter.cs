using System.Text;

namespace KafkaCompat.Protocol.Importer;

/// <summary>Writes types.spec, errors.spec, configs.spec and features.spec from Kafka's tables.</summary>
internal sealed class TableImporter(string tables, string specs)
{
    public void Run()
    {
        Errors();
        Configs();
    }

    private void Errors()
    {
        var rows = Table.Read(Path.Combine(tables, "errors.tsv")).ToList();
        var text = new StringBuilder("# code, name, what a client does with it, and Kafka's exception (its text stands in answers)\n");
        foreach (var row in rows)
        {
            var flags = (row["retriable"] == "true" ? " retriable" : "") + (row["refreshesMetadata"] == "true" ? " refreshes-metadata" : "")
                + (row["refreshRetriable"] == "true" ? " refresh-retriable" : "");
            var exception = row["exception"] == "null" ? "" : $" exception {row["exception"]}";
            var parents = row["exceptionParents"].Length == 0 ? "" : $" < {row["exceptionParents"].Replace("<", " < ", StringComparison.Ordinal)}";
            _ = text.Append($"error {row["code"]} {row["name"]}{flags}{exception}{parents}\n");
        }

        Save("errors.spec", text.ToString());
    }

    private void Configs()
    {
        var text = new StringBuilder();
        string? scope = null;
        foreach (var row in Table.Read(Path.Combine(tables, "configs.tsv")))
        {
            if (row["scope"] != scope)
            {
                _ = text.Append(scope is null ? "" : "\n").Append($"scope {row["scope"]}\n");
                scope = row["scope"];
            }

            var head = $"  {row["name"]}: {row["type"].ToLowerInvariant()}";
            head += row["default"] switch { "(required)" => "", "" => " = \"\"", var value => $" = {value}" };
            var parts = new List<string> { head, $"importance {row["importance"].ToLowerInvariant()}", $"dynamic {row["dynamic"]}" };
            AddIf(row["validatorClass"].Length > 0, $"validator {row["validatorClass"]} {row["validator"]}".TrimEnd());
            AddIf(row["listEmptyAllowed"].Length > 0,
                $"list {(row["listEmptyAllowed"] == "true" ? "empty" : "filled")} {(row["listNullAllowed"] == "true" ? "nullable" : "present")}");
            AddIf(row["sensitive"] == "true", "sensitive");
            AddIf(row["internal"] == "true", "internal");
            AddIf(row["described"] != "true", "undescribed");
            AddIf(row["synonyms"].Length > 0, $"synonyms {row["synonyms"]}");
            _ = text.Append(string.Join(" | ", parts)).Append('\n');

            void AddIf(bool condition, string part)
            {
                if (condition)
                {
                    parts.Add(part);
                }
            }
        }

        Save("configs.spec", text.ToString());
    }

    private void Save(string relative, string text) => File.WriteAllText(Path.Combine(specs, relative), text);
}
