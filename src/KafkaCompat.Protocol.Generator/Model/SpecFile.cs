namespace KafkaCompat.Protocol.Generator.Model;

/// <summary>What one .spec file of messages holds.</summary>
internal sealed class SpecFile
{
    public required string Path { get; init; }

    public Api? Api { get; set; }

    public List<Message> Messages { get; } = [];

    public List<SpecError> Errors { get; } = [];
}

/// <summary>Something wrong with a spec: which line, counted from 1, and what.</summary>
internal sealed record SpecError(int Line, string Text);
