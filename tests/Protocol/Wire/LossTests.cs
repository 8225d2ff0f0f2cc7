using System.Collections;
using System.Text.Json;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Protocol.Tests.Audit;
using KafkaCompat.Protocol.Tests.Golden;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Wire;

/// <summary>A version that lacks a field refuses the message that has it set, as Kafka's writers do, unless the schema says that it may be left out.</summary>
public class LossTests
{
    [Fact]
    public void The_refusal_names_message_field_and_version()
    {
        var response = new ListOffsetsResponse { Topics = { new() { Name = "t", Partitions = { new() { LeaderEpoch = 7 } } } } };
        var refused = Assert.Throws<UnsupportedVersionException>(() => GoldenRow.Write(response, 3));
        Assert.Equal("ListOffsetsResponse.ListOffsetsPartitionResponse version 3 has no field leaderEpoch, which is set and may not be left out",
            refused.Message);
        Assert.Equal(("ListOffsetsResponse.ListOffsetsPartitionResponse", "leaderEpoch", (short)3), (refused.MessageName, refused.Field, refused.Version));
        Assert.Equal(response.GetSize(4), GoldenRow.Write(response, 4).Length);
    }

    [Fact]
    public void The_size_refuses_too_so_that_no_byte_is_written_before() =>
        Assert.Throws<UnsupportedVersionException>(() => new FetchResponse { SessionId = 5 }.GetSize(6));

    [Fact]
    public void What_is_printed_refuses_as_well()
    {
        using var json = new Utf8JsonWriter(Stream.Null);
        Assert.Equal("sessionId", Assert.Throws<UnsupportedVersionException>(() => new FetchResponse { SessionId = 5 }.WriteJson(json, 6)).Field);
    }

    [Fact]
    public void A_field_that_ended_is_refused_after_its_end()
    {
        var request = new FetchRequest { ReplicaId = 3 };
        Assert.Equal(request.GetSize(14), GoldenRow.Write(request, 14).Length);
        Assert.Equal("replicaId", Assert.Throws<UnsupportedVersionException>(() => GoldenRow.Write(request, 15)).Field);
    }

    [Fact]
    public void A_tagged_field_is_refused_before_its_versions()
    {
        var response = new ProduceResponse { NodeEndpoints = { new() { NodeId = 1 } } };
        Assert.Equal("nodeEndpoints", Assert.Throws<UnsupportedVersionException>(() => GoldenRow.Write(response, 9)).Field);
        Assert.Equal(response.GetSize(10), GoldenRow.Write(response, 10).Length);
    }

    [Fact]
    public void What_may_be_ignored_is_left_out()
    {
        var response = new MetadataResponse { ThrottleTimeMs = 9, ClusterId = "c", ControllerId = 1 };
        Assert.Equal(response.GetSize(0), GoldenRow.Write(response, 0).Length);
    }

    [Fact]
    public void A_default_is_no_loss_but_null_in_place_of_an_empty_list_is()
    {
        var record = new PartitionRecord { Directories = [], EligibleLeaderReplicas = null };
        Assert.Equal(record.GetSize(0), GoldenRow.Write(record, 0).Length);
        record.EligibleLeaderReplicas = [];
        Assert.Equal("eligibleLeaderReplicas", Assert.Throws<UnsupportedVersionException>(() => GoldenRow.Write(record, 0)).Field);
    }

    /// <summary>Each golden message written in each version that its schema has: refused where Kafka's schema says so, and nowhere else.</summary>
    [Fact]
    public void What_is_refused_is_what_the_schemas_of_Kafka_do_not_let_go()
    {
        var schemas = Schemas(KafkaReference.Require("messages"));
        var faults = new List<string>();
        int refused = 0, written = 0;
        foreach (var (type, row) in GoldenCorpus.Rows())
        {
            var reader = new WireReader(row.Bytes);
            var message = MessageTypes.Reader(type)(ref reader, row.Version);
            for (var version = Constant(type, "MinVersion"); version <= Constant(type, "MaxVersion"); version++)
            {
                var lost = Losses(message, schemas[type.Name], schemas[type.Name], version).ToList();
                var thrown = Refusal(() => GoldenRow.Write(message, version));
                var thrownBySize = Refusal(() => message.GetSize(version));
                if (lost.Count == 0 ? thrown is not null : thrown is null || thrown != thrownBySize || !lost.Contains(thrown))
                {
                    faults.Add($"{row} as version {version}: would lose [{string.Join(' ', lost)}], refused {thrown}, its size {thrownBySize}");
                }

                _ = lost.Count == 0 ? written++ : refused++;
            }
        }

        Assert.True(faults.Count == 0, $"{faults.Count} faults, the first:\n{string.Join('\n', faults.Take(5))}");
        Assert.True(refused > 1000 && written > 1000, $"{refused} refused and {written} written are too few to say much");
    }

    private static Dictionary<string, JsonElement> Schemas(string folder)
    {
        var schemas = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories))
        {
            using var json =
                JsonDocument.Parse(File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            schemas[json.RootElement.GetProperty("name").GetString()!] = json.RootElement.Clone();
        }

        return schemas;
    }

    /// <summary>The names of the fields that Kafka would not let go, by the schema and by reflection.</summary>
    private static IEnumerable<string> Losses(object holder, JsonElement schema, JsonElement root, short version)
    {
        var fresh = Activator.CreateInstance(holder.GetType())!;
        foreach (var field in schema.GetProperty("fields").EnumerateArray())
        {
            var name = field.GetProperty("name").GetString()!;
            var property = holder.GetType().GetProperty(char.ToUpperInvariant(name[0]) + name[1..])!;
            var value = property.GetValue(holder);
            var versions = SchemaFacts.VersionsOrNull(field, "versions") ?? SchemaFacts.Versions(field, "taggedVersions");
            if (version < versions.Low || version > versions.High)
            {
                var ignorable = field.TryGetProperty("ignorable", out var flag) && flag.ValueKind == JsonValueKind.True;
                if (!ignorable && !Same(value, property.GetValue(fresh)))
                {
                    yield return char.ToLowerInvariant(name[0]) + name[1..];
                }

                continue;
            }

            if (StructOf(field, root) is not { } inner)
            {
                continue;
            }

            // Within a tagged struct that holds its default nothing is written, and nothing can be lost.
            foreach (var element in value is IList list ? list.Cast<object>() : value is null ? [] : [value])
            {
                foreach (var lost in Losses(element, inner, root, version))
                {
                    yield return lost;
                }
            }
        }
    }

    private static JsonElement? StructOf(JsonElement field, JsonElement root)
    {
        if (field.TryGetProperty("fields", out _))
        {
            return field;
        }

        var type = field.GetProperty("type").GetString()!.Replace("[]", "", StringComparison.Ordinal);
        return root.TryGetProperty("commonStructs", out var common)
            ? common.EnumerateArray().Where(s => s.GetProperty("name").GetString() == type).Select(s => (JsonElement?)s).FirstOrDefault()
            : null;
    }

    private static bool Same(object? value, object? other) => (value, other) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (RecordBytes a, RecordBytes b) => a.Length == b.Length,
        (IList a, IList b) => a.Count == b.Count && a.Cast<object?>().Zip(b.Cast<object?>()).All(p => Same(p.First, p.Second)),
        _ when value.GetType() is { IsNested: true, IsClass: true } type =>
            type.GetProperties().Where(p => p.GetMethod!.IsPublic).All(p => Same(p.GetValue(value), p.GetValue(other))),
        _ => value.Equals(other),
    };

    private static string? Refusal(Func<object> write)
    {
        try
        {
            _ = write();
            return null;
        }
        catch (UnsupportedVersionException refused)
        {
            return refused.Field;
        }
        catch (InvalidOperationException)
        {
            // Null where the version has none is another test's matter.
            return null;
        }
    }

    private static short Constant(Type type, string name) => (short)type.GetField(name)!.GetRawConstantValue()!;
}
