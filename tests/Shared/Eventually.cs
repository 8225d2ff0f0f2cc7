using System.Runtime.CompilerServices;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>
/// Waits for what other threads bring about. The limit tells a test that has failed from one on a busy machine, which can take many times as long as on an idle
/// one; so it is long, and the same for all.
/// </summary>
internal static class Eventually
{
    private const int LimitMs = 60_000;
    private const int PollMs = 5;

    /// <summary>Returns once something is so; fails when it has not come about within the limit.</summary>
    public static Task Is(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") => Is(() => Task.FromResult(condition()), what);

    /// <inheritdoc cref="Is(Func{bool}, string)"/>
    public static async Task Is(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds < LimitMs, $"It has not come about within {LimitMs} ms: {what}");
            await Task.Delay(PollMs, TestContext.Current.CancellationToken);
        }
    }
}
