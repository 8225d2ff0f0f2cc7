using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace KafkaCompat.Protocol.Invariants;

/// <summary>The text of an <see cref="Invariant"/> that does not hold. Where it holds nothing of the text is evaluated.</summary>
[InterpolatedStringHandler]
public readonly ref struct InvariantText
{
    private readonly StringBuilder? _text;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public InvariantText(int literalLength, int formattedCount, bool holds, out bool isNeeded)
    {
        isNeeded = !holds;
        _text = holds ? null : Begin(literalLength + formattedCount);
    }

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

    public override string ToString() => _text?.ToString() ?? "";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static StringBuilder Begin(int length) => new(length);
}
