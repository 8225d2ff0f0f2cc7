using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>A class with [Serves(key, min, max)], in plain values, so that two looks at the same class are equal.</summary>
internal sealed record ServedHandler(
    string ClassName, string TypeName, int Key, string KeyName, int Min, int Max, string? Request, string? RequestName, string? Response, int SpecMin, int SpecMax, Place Place);

/// <summary>Where a class stands.</summary>
internal sealed record Place(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Location ToLocation() => Location.Create(Path, Span, Lines);

    public static Place Of(Location location) => new(location.SourceTree?.FilePath ?? "", location.SourceSpan, location.GetLineSpan().Span);
}
