using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Writes the WriteJson method of a class.</summary>
internal sealed class JsonEmitter(CodeWriter code, LossEmitter loss)
{
    public void Emit(Struct s)
    {
        code.Line("/// <summary>Writes it as Kafka's tools print it.</summary>");
        code.Open("public void WriteJson(Utf8JsonWriter json, short version)");
        loss.EmitCall(s);
        code.Line("json.WriteStartObject();");
        foreach (var field in s.Fields.Where(f => !f.Versions.Within(s.Context).IsEmpty))
        {
            var condition = field.Tag is null ? field.Versions.ConditionIn(s.Context) : Tags.Condition(field, s.Context);
            var opened = code.OpenIf(condition);
            EmitField(field);
            code.CloseIf(opened);
        }

        code.Line("json.WriteEndObject();");
        code.Close();
    }

    private void EmitField(Field field)
    {
        var x = field.Stored();
        if (field.IsArray)
        {
            if (field.CanBeNull)
            {
                code.Open($"if ({x} is null)");
                code.Line($"json.WriteNull(\"{field.Name}\");");
                code.Close();
                code.Open("else");
            }

            code.Line($"json.WriteStartArray(\"{field.Name}\");");
            code.Open($"foreach (var element in {field.PropertyName})");
            code.Line(field.Struct is not null ? "element.WriteJson(json, version);" : "json.Element(element);");
            code.Close();
            code.Line("json.WriteEndArray();");
            code.CloseIf(field.CanBeNull);
        }
        else if (field.Struct is not null)
        {
            if (field.CanBeNull)
            {
                code.Open($"if ({x} is null)");
                code.Line($"json.WriteNull(\"{field.Name}\");");
                code.Close();
                code.Open("else");
            }

            code.Line($"json.WritePropertyName(\"{field.Name}\");");
            code.Line($"{field.PropertyName}.WriteJson(json, version);");
            code.CloseIf(field.CanBeNull);
        }
        else
        {
            code.Line($"json.Field(\"{field.Name}\", {x});");
        }
    }
}
