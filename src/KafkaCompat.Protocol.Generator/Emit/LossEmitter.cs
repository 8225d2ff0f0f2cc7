using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>
/// Writes the check that no field is lost: one that a version lacks has to hold its default there, unless the spec calls it ignorable. GetSize,
/// Write and WriteJson all begin with it, as Kafka's do, so that a message that cannot be written leaves no bytes behind.
/// </summary>
internal sealed class LossEmitter(CodeWriter code, Message message)
{
    /// <summary>The call at the start of GetSize, Write and WriteJson; nothing where no field can be lost.</summary>
    public void EmitCall(Struct s)
    {
        if (Losses(s).Count > 0)
        {
            code.Line("RefuseLoss(version);");
        }
    }

    /// <summary>The method, its checks gathered by the versions they are for: a version that has all fields pays a comparison for each group.</summary>
    public void Emit(Struct s)
    {
        var losses = Losses(s);
        if (losses.Count == 0)
        {
            return;
        }

        var name = ReferenceEquals(s, message.Body) ? message.Name : $"{message.Name}.{s.ClassName}";
        code.Line();
        code.Line("/// <summary>Throws where a field is set that the version lacks and its reader would miss.</summary>");
        code.Open("private void RefuseLoss(short version)");
        foreach (var group in losses.GroupBy(f => f.Versions.ConditionOutside(s.Context)))
        {
            var opened = code.OpenIf(group.Key);
            foreach (var field in group)
            {
                code.Open($"if ({field.IsSet()})");
                code.Line($"throw new UnsupportedVersionException(\"{name}\", \"{field.Name}\", version);");
                code.Close();
            }

            code.CloseIf(opened);
        }

        code.Close();
    }

    private static List<Field> Losses(Struct s) => s.Fields.Where(f => !f.Ignorable && !f.Versions.Covers(s.Context)).ToList();
}
