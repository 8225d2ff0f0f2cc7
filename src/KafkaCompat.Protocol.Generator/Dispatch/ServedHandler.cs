using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>A class with [Serves(key, min, max, listeners)], in plain values, so that two looks at the same class are equal.</summary>
internal sealed record ServedHandler
{
    public required string ClassName { get; init; }

    public required string TypeName { get; init; }

    public required KeyFacts Key { get; init; }

    public required int Min { get; init; }

    public required int Max { get; init; }

    public required Listeners Listeners { get; init; }

    /// <summary>Whether it is a decision of the controller's machine, an IControllerHandler, and no IHandler of a broker.</summary>
    public required bool IsDecided { get; init; }

    /// <summary>Null where it implements neither.</summary>
    public required string? Request { get; init; }

    public required string? RequestName { get; init; }

    public required string? Response { get; init; }

    public required int SpecMin { get; init; }

    public required int SpecMax { get; init; }

    /// <summary>What its constructor asks for.</summary>
    public required Rows<NamedType> Parameters { get; init; }

    /// <summary>Null for one that another assembly holds.</summary>
    public required Place? Place { get; init; }
}

/// <summary>Where a class stands.</summary>
internal sealed record Place(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Location ToLocation() => Location.Create(Path, Span, Lines);

    public static Place Of(Location location) => new(location.SourceTree?.FilePath ?? "", location.SourceSpan, location.GetLineSpan().Span);
}
