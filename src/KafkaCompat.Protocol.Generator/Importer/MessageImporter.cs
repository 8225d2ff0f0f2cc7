using System.Text;

namespace KafkaCompat.Protocol.Importer;

/// <summary>Writes apis/, records/ and headers.spec from Kafka's schemas and its table of APIs.</summary>
internal sealed class MessageImporter(string reference, string specs)
{
    private static readonly (string Folder, string Family)[] Families =
    [
        ("metadata", "metadata"), ("group", "groups"), ("transaction", "transactions"), ("share", "share"), ("raft", "quorum"), ("storage", "storage"),
    ];

    public void Run()
    {
        var clients = LoadFolder("clients");
        foreach (var api in Table.Read(Path.Combine(reference, "tables", "apis.tsv")))
        {
            WriteApi(api, clients);
        }

        Save("headers.spec", string.Join("\n", clients.Where(s => s.Kind == "header").Select(s => Block("header", s))));
        foreach (var data in clients.Where(s => s.Kind == "data"))
        {
            Save($"records/clients/{data.Name}.spec", Block("message", data));
        }

        foreach (var (folder, family) in Families)
        {
            foreach (var group in LoadFolder(folder).GroupBy(FileName))
            {
                Save($"records/{family}/{group.Key}.spec",
                    string.Join("\n", group.OrderBy(s => s.Kind, StringComparer.Ordinal).Select(s => Block(Word(s), s))));
            }
        }
    }

    private static string Word(KafkaSchema s) => s.Kind switch
    {
        "metadata" => $"record {s.Key}",
        "coordinator-key" => $"key {s.Key}",
        "coordinator-value" => $"value {s.Key}",
        _ => "message",
    };

    private static string FileName(KafkaSchema s) => s.Kind switch
    {
        "coordinator-key" => s.Name[..^"Key".Length],
        "coordinator-value" => s.Name[..^"Value".Length],
        _ => s.Name,
    };

    private List<KafkaSchema> LoadFolder(string folder) =>
        [.. Directory.GetFiles(Path.Combine(reference, "messages", folder), "*.json").Order(StringComparer.Ordinal).Select(KafkaSchema.Load)];

    private void WriteApi(IReadOnlyDictionary<string, string> api, List<KafkaSchema> clients)
    {
        var text = new StringBuilder();
        _ = text.Append($"api {api["key"]} {api["name"]}\n");
        if (api["requestVersions"] == "none")
        {
            _ = text.Append("  removed\n");
        }
        else
        {
            _ = text.Append($"  listeners   {api["listeners"].Replace(",", ", ", StringComparison.Ordinal)}\n");
            AdvertisedRange("broker", "brokerMin", "brokerMax");
            AdvertisedRange("controller", "controllerMin", "controllerMax");
        }

        if (api["latestVersionUnstable"] == "true")
        {
            _ = text.Append("  unstable    latest\n");
        }

        if (api["forwardable"] == "true")
        {
            _ = text.Append("  forwardable\n");
        }

        if (api["clusterAction"] == "true")
        {
            _ = text.Append("  cluster-action\n");
        }

        if (api["advertisedOnlyIf"].Length > 0)
        {
            _ = text.Append($"  advertised-if {api["advertisedOnlyIf"]}\n");
        }

        if (api["requestVersions"] != "none")
        {
            foreach (var side in (string[])["request", "response"])
            {
                var key = short.Parse(api["key"], System.Globalization.CultureInfo.InvariantCulture);
                var schema = clients.Single(s => s.Kind == side && s.Key == key);
                _ = text.Append('\n').Append(Block(side, schema));
            }
        }

        Save($"apis/{int.Parse(api["key"], System.Globalization.CultureInfo.InvariantCulture):00}-{api["name"]}.spec", text.ToString());

        void AdvertisedRange(string word, string low, string high)
        {
            if (api[low] != "-")
            {
                _ = text.Append($"  {word,-11} {(api[low] == api[high] ? api[low] : $"{api[low]}..{api[high]}")}\n");
            }
        }
    }

    /// <summary>One message: its line, its fields, the structs that several fields share.</summary>
    private static string Block(string word, KafkaSchema s)
    {
        // An API's two sides are named by the API; everything else carries its name.
        var name = word is "request" or "response" ? "" : " " + s.Name;
        var text = new StringBuilder(
            $"{word}{name} {s.Valid}  flexible "
            + $"{(s.Flexible.IsEmpty ? "never" : s.Flexible.Within(s.Valid).IsEmpty ? "never" : s.Flexible.Within(s.Valid).Low + "+")}\n");
        AppendFields(text, s.Fields, s.Valid, 1);
        foreach (var shared in s.Shared)
        {
            _ = text.Append($"  struct {shared.Name}\n");
            AppendFields(text, shared.Fields, s.Valid, 2);
        }

        return text.ToString();
    }

    private static void AppendFields(StringBuilder text, IReadOnlyList<KafkaField> fields, Versions valid, int depth)
    {
        var rows = fields.Select(f => (Field: f, Cells: FieldCells.Of(f, valid))).ToList();
        var nameWidth = rows.Count == 0 ? 0 : rows.Max(r => r.Cells.Name.Length) + 1;
        var typeWidth = rows.Count == 0 ? 0 : rows.Max(r => r.Cells.Type.Length) + 1;
        var versionsWidth = rows.Max(r => (int?)r.Cells.Versions.Length) is > 0 and { } widest ? widest + 1 : 0;
        foreach (var (field, cells) in rows)
        {
            var line = new string(' ', depth * 2) + cells.Name.PadRight(nameWidth) + cells.Type.PadRight(typeWidth)
                + cells.Versions.PadRight(versionsWidth) + cells.Rest;
            _ = text.Append(line.TrimEnd()).Append('\n');
            AppendFields(text, field.Fields, valid, depth + 1);
        }
    }

    private void Save(string relative, string text)
    {
        var path = Path.Combine(specs, relative);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
