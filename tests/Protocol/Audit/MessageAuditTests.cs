using System.Text.Json;
using KafkaCompat.Protocol.Generator.Checks;
using KafkaCompat.Protocol.Generator.Model;
using KafkaCompat.Protocol.Generator.Parsing;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Audit;

/// <summary>protocol-specs against Kafka's own schemas: every message, version, field, type, default, tag and nullability.</summary>
public class MessageAuditTests
{
    [Fact]
    public void Every_message_of_Kafka_is_specified_as_Kafka_has_it()
    {
        var folder = KafkaReference.Require("messages");
        var specs = Specs();
        var faults = new List<string>();
        int messages = 0, fields = 0;
        foreach (var path in Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            using var json =
                JsonDocument.Parse(File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            var schema = new SchemaFacts(json.RootElement);
            if (schema.Valid.IsEmpty)
            {
                if (specs.ContainsKey(schema.Name))
                {
                    faults.Add($"{schema.Name} is removed in Kafka but has a spec");
                }

                continue;
            }

            if (!specs.Remove(schema.Name, out var message))
            {
                faults.Add($"{schema.Name} has no spec");
                continue;
            }

            messages++;
            fields += new MessageComparison(schema, message, faults).Run();
        }

        faults.AddRange(specs.Keys.Select(name => $"{name} is specified but not Kafka's"));
        Assert.True(faults.Count == 0, $"{faults.Count} differences:\n{string.Join('\n', faults.Take(30))}");
        Assert.True(messages >= 278 && fields >= 2000, $"{messages} messages with {fields} fields are fewer than Kafka 4.4 has");
    }

    [Fact]
    public void Every_spec_parses_without_an_error()
    {
        var errors = Files().SelectMany(f => f.Errors.Concat(SpecChecks.Check(f)).Select(e => $"{f.Path}:{e.Line}: {e.Text}"));
        Assert.Empty(errors);
    }

    private static Dictionary<string, Message> Specs() => Files().SelectMany(f => f.Messages).ToDictionary(m => m.Name, StringComparer.Ordinal);

    private static List<SpecFile> Files()
    {
        var root = Path.Combine(KafkaReference.RepositoryRoot, "protocol-specs");
        var types = new TypeTable(File.ReadAllText(Path.Combine(root, "types.spec")));
        return [.. Directory.GetFiles(Path.Combine(root, "apis"), "*.spec")
            .Concat(Directory.GetFiles(Path.Combine(root, "records"), "*.spec", SearchOption.AllDirectories))
            .Append(Path.Combine(root, "headers.spec"))
            .Select(path => SpecParser.Parse(Path.GetRelativePath(root, path), File.ReadAllText(path), types))];
    }
}
