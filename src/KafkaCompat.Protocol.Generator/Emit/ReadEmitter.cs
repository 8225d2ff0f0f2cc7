using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Writes the Read method of a class.</summary>
internal sealed class ReadEmitter(CodeWriter code, Message message)
{
    private readonly Costs _costs = new(message);

    public void Emit(Struct s, bool isMessage)
    {
        var flexibility = new Flexibility(message, s);
        code.Line(isMessage ? "/// <inheritdoc/>" : "/// <summary>Reads one.</summary>");
        code.Open($"public static {s.ClassName} Read(ref WireReader reader, short version)");
        if (isMessage)
        {
            code.Line("WireReader.CheckVersion(version, MinVersion, MaxVersion);");
        }

        if (flexibility.Declaration is { } declaration)
        {
            code.Line(declaration);
        }

        code.Line($"var result = new {s.ClassName}();");
        foreach (var field in s.Fields.Where(f => f.Tag is null && !f.Versions.Within(s.Context).IsEmpty))
        {
            var opened = code.OpenIf(field.Versions.ConditionIn(s.Context));
            EmitField(field, field.Versions.Within(s.Context), flexibility.Of(field));
            code.CloseIf(opened);
        }

        if (flexibility.HasTags)
        {
            EmitTags(s, flexibility);
        }

        code.Line("return result;");
        code.Close();
    }

    private void EmitTags(Struct s, Flexibility flexibility)
    {
        var opened = code.OpenIf(flexibility.TagCondition);
        var context = message.Flexible.Within(s.Context);
        code.Line("List<UnknownTag>? unknown = null;");
        code.Open("for (int left = reader.ReadTagCount(); left > 0; left--)");
        code.Line("int tag = reader.ReadTag(out int size);");
        var tagged = s.Fields.Where(f => f.Tag is not null && !f.Versions.Within(context).IsEmpty).OrderBy(f => f.Tag).ToList();
        if (tagged.Count == 0)
        {
            code.Line("reader.ReadUnknownTag(tag, size, ref unknown);");
        }
        else
        {
            code.Open("switch (tag)");
            foreach (var field in tagged)
            {
                var versions = field.Versions.Within(context);
                code.Open($"case {field.Tag}:");
                if (versions.ConditionIn(context) is { } condition)
                {
                    code.Line($"if (!({condition})) {{ throw WireReader.TagOutOfPlace(tag, version); }}");
                    code.Line();
                }

                EmitField(field, versions, "true");
                code.Line("break;");
                code.Close();
            }

            code.Open("default:");
            code.Line("reader.ReadUnknownTag(tag, size, ref unknown);");
            code.Line("break;");
            code.Close();
            code.Close();
        }

        code.Close();
        code.Line("result.UnknownTags = unknown;");
        code.CloseIf(opened);
    }

    private void EmitField(Field field, VersionRange context, string flexible)
    {
        // null: in no version; "" : in all; else the condition.
        var nullable = field.Nullable.Within(context).IsEmpty ? null : field.Nullable.ConditionIn(context) ?? "";
        if (field.IsArray)
        {
            EmitArray(field, nullable, flexible);
        }
        else if (field.Struct is { } s)
        {
            EmitStruct(field, s, nullable);
        }
        else
        {
            code.Line($"result.{field.PropertyName} = {Value(field, nullable, flexible)};");
        }
    }

    private void EmitStruct(Field field, Struct s, string? nullable)
    {
        var read = $"{message.Name}.{s.ClassName}.Read(ref reader, version)";
        if (nullable is null)
        {
            code.Line($"reader.Charge({Costs.ObjectCost(s)});");
            code.Line($"result.{field.PropertyName} = {read};");
            return;
        }

        code.Open(field.Tag is null ? "if (reader.ReadPresence())" : "if (reader.ReadUnsignedVarint() != 0)");
        code.Line($"reader.Charge({Costs.ObjectCost(s)});");
        code.Line($"result.{field.PropertyName} = {read};");
        code.Close();
        code.Open("else");
        code.Line($"result.{field.PropertyName} = null;");
        code.Close();
    }

    private void EmitArray(Field field, string? nullable, string flexible)
    {
        var count = field.Name + "Count";
        var list = field.Name + "List";
        var mayBeNull = nullable is null ? "false" : nullable.Length == 0 ? "true" : nullable;
        code.Line(
            $"int {count} = reader.ReadArrayLength({flexible}, nullable: {mayBeNull}, elementBytes: {_costs.LeastElementBytes(field)}, elementCost: "
                + $"{Costs.ElementCost(field)});");
        if (nullable is null)
        {
            code.Open($"if ({count} > 0)");
        }
        else
        {
            code.Open($"if ({count} < 0)");
            code.Line($"result.{field.PropertyName} = null;");
            code.Close();
            code.Open("else");
        }

        var element = field.Struct is { } s ? $"{message.Name}.{s.ClassName}.Read(ref reader, version)" : Value(field, null, flexible);
        code.Line($"var {list} = new List<{field.ElementType()}>({count});");
        code.Open($"for (int i = 0; i < {count}; i++)");
        code.Line($"{list}.Add({element});");
        code.Close();
        code.Line();
        code.Line($"result.{field.PropertyName} = {list};");
        code.Close();
    }

    private static string Value(Field field, string? nullable, string flexible)
    {
        var method = field.MethodName();
        if (!field.Type.IsPrefixed())
        {
            return $"reader.Read{method}()";
        }

        return nullable switch
        {
            null => $"reader.Read{method}({flexible})",
            "" => $"reader.ReadNullable{method}({flexible})",
            _ => $"{nullable} ? reader.ReadNullable{method}({flexible}) : reader.Read{method}({flexible})",
        };
    }
}
