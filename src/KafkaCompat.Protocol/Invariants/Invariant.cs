using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace KafkaCompat.Protocol.Invariants;

/// <summary>
/// What must be so whatever a client sends, a disk answers or a clock says: where it is not the program is at fault, and what it does next may lose records.
/// A check that holds costs a compare and a branch that is never taken: its text is made when it does not.
/// </summary>
/// <remarks>
/// Hostile bytes, a damaged file, a full disk and another node's answer have answers of their own. Nothing that any of them can bring about is an invariant.
/// </remarks>
public static class Invariant
{
    /// <summary>Ends the node where <paramref name="condition"/> does not hold: see <see cref="InvariantException"/>.</summary>
    /// <param name="condition">What must be so.</param>
    /// <param name="found">What is so instead, of which partition, file and offsets: made only where the condition does not hold.</param>
    /// <param name="expected">The condition as it is written.</param>
    /// <exception cref="InvariantException">It is not so.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref InvariantText found,
        [CallerArgumentExpression(nameof(condition))] string expected = "")
    {
        if (!condition)
        {
            Fail(found.ToString(), expected);
        }
    }

    /// <inheritdoc cref="Holds(bool, ref InvariantText, string)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Holds([DoesNotReturnIf(false)] bool condition, string found, [CallerArgumentExpression(nameof(condition))] string expected = "")
    {
        if (!condition)
        {
            Fail(found, expected);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fail(string found, string expected) => throw new InvariantException(found, expected);
}
