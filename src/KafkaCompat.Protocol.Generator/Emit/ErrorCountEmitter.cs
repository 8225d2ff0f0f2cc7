using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Writes the CountErrors method of a response and of the structs in it that hold error codes.</summary>
internal sealed class ErrorCountEmitter(CodeWriter code)
{
    public void Emit(Struct s, bool isMessage)
    {
        if (!isMessage && !HoldsErrors(s))
        {
            return;
        }

        code.Line();
        code.Line(isMessage ? "/// <inheritdoc/>" : "/// <summary>Counts the error codes that it holds.</summary>");
        code.Open("public void CountErrors(ref ErrorTally tally)");
        foreach (var field in s.Fields.Where(Counts))
        {
            EmitField(field);
        }

        code.Close();
    }

    private void EmitField(Field field)
    {
        var x = field.Stored();
        if (field.IsArray)
        {
            code.Open($"if ({x} is not null)");
            code.Open($"foreach (var element in {x})");
            code.Line(field.IsErrorCode ? "tally.Add(element);" : "element.CountErrors(ref tally);");
            code.Close();
            code.Close();
        }
        else
        {
            code.Line(field.IsErrorCode ? $"tally.Add({x});" : $"{x}?.CountErrors(ref tally);");
        }
    }

    private static bool Counts(Field field) => field.IsErrorCode || (field.Struct is { } inner && HoldsErrors(inner));

    private static bool HoldsErrors(Struct s) => s.Fields.Any(Counts);
}
