using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Whether a struct is flexible in the versions it occurs in: always, never, or by a local named flexible.</summary>
internal readonly struct Flexibility
{
    private readonly string _expression;

    public Flexibility(Message message, Struct s)
    {
        var flexible = message.Flexible.Within(s.Context);
        _expression = flexible.IsEmpty ? "false" : flexible.Covers(s.Context) ? "true" : "flexible";
        Declaration = _expression == "flexible" ? $"bool flexible = version >= {flexible.Low};" : null;
        HasTags = !flexible.IsEmpty;
        TagCondition = _expression == "flexible" ? "flexible" : null;
    }

    /// <summary>The line that declares the local, where one is needed.</summary>
    public string? Declaration { get; }

    public bool HasTags { get; }

    public string? TagCondition { get; }

    public string Of(Field field) => field.Inflexible ? "false" : _expression;
}
