using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Writes the GetSize method of a class, and one for each tagged field whose size is not plain.</summary>
internal sealed class SizeEmitter(CodeWriter code, Message message)
{
    private readonly LossEmitter _loss = new(code, message);

    public void Emit(Struct s)
    {
        var flexibility = new Flexibility(message, s);
        var plain = s.Fields.Where(f => f.Tag is null && !f.Versions.Within(s.Context).IsEmpty).ToList();
        var fixedBytes = plain.Where(f => IsFixed(f) && f.Versions.Covers(s.Context)).Sum(f => f.Type.FixedSize());
        code.Line("/// <summary>Bytes that Write will write; OverflowException where an int does not count them.</summary>");
        code.Open("public int GetSize(short version)");
        _loss.EmitCall(s);
        // What repeats large values can have more bytes than an int counts.
        code.Open("checked");
        if (flexibility.Declaration is { } declaration)
        {
            code.Line(declaration);
        }

        code.Line($"int size = {fixedBytes};");
        foreach (var field in plain.Where(f => !IsFixed(f) || !f.Versions.Covers(s.Context)))
        {
            var opened = code.OpenIf(field.Versions.ConditionIn(s.Context));
            EmitField(field, flexibility.Of(field));
            code.CloseIf(opened);
        }

        if (flexibility.HasTags)
        {
            EmitTags(s, flexibility);
        }

        code.Line("return size;");
        code.Close();
        code.Close();
        foreach (var field in s.Fields.Where(f => f.Tag is not null && !f.Versions.Within(s.Context).IsEmpty && (f.IsArray || f.Type == WireType.Struct)))
        {
            code.Line();
            code.Open($"private int {field.PropertyName}Size(short version)");
            code.Open("checked");
            code.Line("int size = 0;");
            EmitField(field, "true");
            code.Line("return size;");
            code.Close();
            code.Close();
        }
    }

    private static bool IsFixed(Field f) => !f.IsArray && f.Type.FixedSize() > 0;

    private void EmitTags(Struct s, Flexibility flexibility)
    {
        var opened = code.OpenIf(flexibility.TagCondition);
        var context = message.Flexible.Within(s.Context);
        var tagged = s.Fields.Where(f => f.Tag is not null && !f.Versions.Within(context).IsEmpty).OrderBy(f => f.Tag).ToList();
        if (tagged.Count > 0)
        {
            code.Line("int tags = 0;");
        }

        foreach (var field in tagged)
        {
            code.Open($"if ({Tags.Condition(field, context)})");
            code.Line("tags++;");
            code.Line($"size += WireSize.Tag({field.Tag}, {Tags.SizeExpression(field)});");
            code.Close();
        }

        code.Line($"size += WireSize.Tags({(tagged.Count > 0 ? "tags" : "0")}, UnknownTags);");
        code.CloseIf(opened);
    }

    private void EmitField(Field field, string flexible)
    {
        var x = field.Stored();
        if (field.IsArray)
        {
            EmitArray(field, x, flexible);
        }
        else if (field.Struct is not null)
        {
            code.Line(field.CanBeNull ? $"size += 1 + ({x}?.GetSize(version) ?? 0);" : $"size += {field.PropertyName}.GetSize(version);");
        }
        else
        {
            code.Line(field.Type.IsPrefixed() ? $"size += WireSize.{field.Type}({x}, {flexible});" : $"size += {field.Type.FixedSize()};");
        }
    }

    private void EmitArray(Field field, string x, string flexible)
    {
        code.Line($"size += WireSize.ArrayLength({x}?.Count ?? {(field.CanBeNull ? "-1" : "0")}, {flexible});");
        var fixedSize = field.Type.FixedSize();
        if (fixedSize > 0)
        {
            code.Line($"size += {(fixedSize == 1 ? "" : $"{fixedSize} * ")}({x}?.Count ?? 0);");
            return;
        }

        code.Open($"if ({x} is not null)");
        code.Open($"foreach (var element in {x})");
        code.Line(field.Struct is not null ? "size += element.GetSize(version);" : $"size += WireSize.{field.Type}(element, {flexible});");
        code.Close();
        code.Close();
    }
}
