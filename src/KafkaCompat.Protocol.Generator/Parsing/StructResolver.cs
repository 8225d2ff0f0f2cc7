using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Parsing;

/// <summary>Joins fields to the structs they name, and gives each struct its class name and the versions it can occur in.</summary>
internal static class StructResolver
{
    public static void Resolve(Message message, List<SpecError> errors)
    {
        var byName = new Dictionary<string, Struct>(StringComparer.Ordinal);
        foreach (var s in message.Structs)
        {
            if (byName.ContainsKey(s.Name))
            {
                errors.Add(new SpecError(s.Line, $"struct {s.Name} is there twice in {message.Name}"));
            }

            byName[s.Name] = s;
            s.ClassName = TakesItsName(message.Body, s) || TakesItsName(s, s) ? s.Name + "Data" : s.Name;
            s.Context = VersionRange.None;
        }

        Join(message.Body, byName, errors);
        foreach (var s in message.Structs)
        {
            Join(s, byName, errors);
        }

        Narrow(message.Body, message.Valid, []);
    }

    private static bool TakesItsName(Struct owner, Struct s) => owner.Fields.Any(f => f.PropertyName == s.Name);

    private static void Join(Struct owner, Dictionary<string, Struct> byName, List<SpecError> errors)
    {
        foreach (var field in owner.Fields.Where(f => f.Type == WireType.Struct))
        {
            if (byName.TryGetValue(field.TypeName, out var s))
            {
                field.Struct = s;
            }
            else
            {
                errors.Add(new SpecError(field.Line, $"no struct is called '{field.TypeName}'"));
            }
        }
    }

    /// <summary>A struct occurs in the versions of the fields that hold it; a shared one in all of theirs together.</summary>
    private static void Narrow(Struct owner, VersionRange context, HashSet<Struct> above)
    {
        owner.Context = owner.Context.IsEmpty
            ? context
            : new VersionRange(Math.Min(owner.Context.Low, context.Low), Math.Max(owner.Context.High, context.High));
        if (!above.Add(owner))
        {
            return;
        }

        foreach (var field in owner.Fields)
        {
            if (field.Struct is { } inner && field.Versions.Within(context) is { IsEmpty: false } versions)
            {
                Narrow(inner, versions, above);
            }
        }

        _ = above.Remove(owner);
    }
}
