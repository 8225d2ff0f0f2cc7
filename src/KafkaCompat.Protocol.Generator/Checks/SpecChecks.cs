using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Checks;

/// <summary>What a spec must obey beyond its grammar, so that a slip is a compile error with its line.</summary>
internal static class SpecChecks
{
    public static IEnumerable<SpecError> Check(SpecFile file)
    {
        if (file.Api is { Removed: false } api)
        {
            if (api.Request is null || api.Response is null)
            {
                yield return new SpecError(api.Line, $"{api.Name} needs a request and a response");
            }
            else if (api.Request.Valid != api.Response.Valid)
            {
                yield return new SpecError(api.Line, $"request and response of {api.Name} differ in their versions");
            }
        }

        foreach (var message in file.Messages)
        {
            foreach (var s in message.Structs.Prepend(message.Body))
            {
                foreach (var error in CheckStruct(message, s))
                {
                    yield return error;
                }
            }
        }
    }

    private static IEnumerable<SpecError> CheckStruct(Message message, Struct s)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tags = new HashSet<int>();
        foreach (var field in s.Fields)
        {
            if (!names.Add(field.Name))
            {
                yield return new SpecError(field.Line, $"{field.Name} is there twice");
            }

            if (!message.Valid.Covers(field.Versions))
            {
                yield return new SpecError(field.Line, $"{field.Name} has versions that {message.Name} lacks");
            }

            if (!field.Versions.Covers(field.Nullable))
            {
                yield return new SpecError(field.Line, $"{field.Name} can be null in versions that lack it");
            }

            if (field.DefaultsToNull && !field.CanBeNull)
            {
                yield return new SpecError(field.Line, $"{field.Name} defaults to null but cannot be null");
            }

            if (field.Tag is { } tag)
            {
                if (!tags.Add(tag))
                {
                    yield return new SpecError(field.Line, $"tag {tag} is there twice");
                }

                if (!message.Flexible.Covers(field.Versions))
                {
                    yield return new SpecError(field.Line, $"{field.Name} is tagged in versions that are not flexible");
                }
            }
        }

        for (var tag = 0; tag < tags.Count; tag++)
        {
            if (!tags.Contains(tag))
            {
                yield return new SpecError(s.Line, $"the tags of {s.Name} do not count from 0 without a gap");
                break;
            }
        }
    }
}
