using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Writes the Write method of a class.</summary>
internal sealed class WriteEmitter(CodeWriter code, Message message)
{
    private readonly LossEmitter _loss = new(code, message);

    public void Emit(Struct s, bool isMessage)
    {
        var flexibility = new Flexibility(message, s);
        code.Line(isMessage ? "/// <inheritdoc/>" : "/// <summary>Writes it.</summary>");
        code.Open("public void Write(ref WireWriter writer, short version)");
        if (isMessage)
        {
            code.Line("WireReader.CheckVersion(version, MinVersion, MaxVersion);");
        }

        _loss.EmitCall(s);
        if (flexibility.Declaration is { } declaration)
        {
            code.Line(declaration);
        }

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

        code.Close();
    }

    private void EmitTags(Struct s, Flexibility flexibility)
    {
        var opened = code.OpenIf(flexibility.TagCondition);
        var context = message.Flexible.Within(s.Context);
        var tagged = s.Fields.Where(f => f.Tag is not null && !f.Versions.Within(context).IsEmpty).OrderBy(f => f.Tag).ToList();
        if (tagged.Count == 0)
        {
            code.Line("writer.WriteTagCount(UnknownTags?.Count ?? 0);");
            code.Line("new UnknownTagCursor(UnknownTags).WriteRest(ref writer);");
        }
        else
        {
            code.Line("int tags = UnknownTags?.Count ?? 0;");
            foreach (var field in tagged)
            {
                code.Open($"if ({Tags.Condition(field, context)})");
                code.Line("tags++;");
                code.Close();
            }

            code.Line("writer.WriteTagCount(tags);");
            code.Line("var unknown = new UnknownTagCursor(UnknownTags);");
            foreach (var field in tagged)
            {
                code.Open($"if ({Tags.Condition(field, context)})");
                code.Line($"unknown.WriteBefore(ref writer, {field.Tag});");
                code.Line($"writer.WriteTag({field.Tag}, {Tags.SizeExpression(field)});");
                EmitField(field, field.Versions.Within(context), "true");
                code.Close();
            }

            code.Line("unknown.WriteRest(ref writer);");
        }

        code.CloseIf(opened);
    }

    private void EmitField(Field field, VersionRange context, string flexible)
    {
        var nullable = field.Nullable.Within(context).IsEmpty ? null : field.Nullable.ConditionIn(context) ?? "";
        var x = field.Stored();
        if (field.IsArray)
        {
            var none = !field.CanBeNull
                ? "0"
                : nullable is null ? "throw WireWriter.NullInVersion()" : nullable.Length == 0 ? "-1" : $"({nullable} ? -1 : throw WireWriter.NullInVersion())";
            code.Line($"writer.WriteArrayLength({x}?.Count ?? {none}, {flexible});");
            code.Open($"if ({x} is not null)");
            code.Open($"foreach (var element in {x})");
            code.Line(field.Struct is not null ? "element.Write(ref writer, version);" : Value(field, null, "element", flexible));
            code.Close();
            code.Close();
            return;
        }

        if (field.Struct is not null)
        {
            if (nullable is not null)
            {
                code.Line(field.Tag is null ? $"writer.WritePresence({x} is not null);" : $"writer.WriteUnsignedVarint({x} is null ? 0u : 1u);");
                code.Line($"{x}?.Write(ref writer, version);");
            }
            else
            {
                code.Line($"{field.PropertyName}.Write(ref writer, version);");
            }

            return;
        }

        code.Line(Value(field, nullable, x, flexible));
    }

    private static string Value(Field field, string? nullable, string x, string flexible)
    {
        var method = field.MethodName();
        if (!field.Type.IsPrefixed())
        {
            return $"writer.Write{method}({x});";
        }

        var orThrow = field.CanBeNull && !field.IsArray ? $"{x} ?? throw WireWriter.NullInVersion()" : x;
        return nullable switch
        {
            null => $"writer.Write{method}({orThrow}, {flexible});",
            "" => $"writer.WriteNullable{method}({x}, {flexible});",
            _ => $"writer.WriteNullable{method}({x} ?? ({nullable} ? null : throw WireWriter.NullInVersion()), {flexible});",
        };
    }
}
