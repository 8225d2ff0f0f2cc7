namespace KafkaCompat.Protocol.Importer;

/// <summary>The columns of a field's line.</summary>
internal readonly record struct FieldCells(string Name, string Type, string Versions, string Rest)
{
    public static FieldCells Of(KafkaField field, Versions valid)
    {
        var versions = field.Versions.Within(valid);
        var rest = new List<string>();
        if (field.Tag is { } tag)
        {
            rest.Add($"tag {tag}");
        }

        if (Default(field) is { } value)
        {
            rest.Add($"= {value}");
        }

        AddIf(field.IsKey, "key");
        AddIf(field.Ignorable, "ignorable");
        AddIf(field.ZeroCopy, "zerocopy");
        AddIf(field.Inflexible, "inflexible");
        return new FieldCells(
            char.ToLowerInvariant(field.Name[0]) + field.Name[1..] + ":",
            TypeOf(field) + Nullability(field, versions, valid),
            versions.IsEmpty ? "none" : versions == valid ? "" : versions.In(valid),
            string.Join(' ', rest));

        void AddIf(bool condition, string word)
        {
            if (condition)
            {
                rest.Add(word);
            }
        }
    }

    private static string Nullability(KafkaField field, Versions versions, Versions valid)
    {
        var nullable = field.Nullable.Within(versions);
        return nullable.IsEmpty ? "" : nullable == versions ? "?" : "?" + nullable.In(valid);
    }

    private static string TypeOf(KafkaField field)
    {
        var array = field.Type.StartsWith("[]", StringComparison.Ordinal);
        var element = Semantic(field, array ? field.Type[2..] : field.Type);
        return array ? $"[{element}]" : element;
    }

    /// <summary>Kafka marks five entity types; three more follow from its names and say how to read a number.</summary>
    private static string Semantic(KafkaField field, string type)
    {
        if (field.EntityType is { } entity)
        {
            return entity;
        }

        return type switch
        {
            "int16" when field.Name.EndsWith("ErrorCode", StringComparison.Ordinal) => "errorCode",
            "int32" when field.Name.EndsWith("Ms", StringComparison.Ordinal) => "millis",
            "int64" when field.Name.EndsWith("Timestamp", StringComparison.Ordinal) || field.Name.EndsWith("TimestampMs", StringComparison.Ordinal) =>
                "timestamp",
            _ => type,
        };
    }

    /// <summary>The default where it is not the type's own: 0, false, an empty string or array, the zero id.</summary>
    private static string? Default(KafkaField field) => field.Default switch
    {
        null or "" or "0" or "false" => null,
        { } value => value,
    };
}
