using System.Threading.Channels;

namespace KafkaCompat.Broker.Loops;

/// <summary>An event that one waiter at a time awaits. However often it is set before a wait, that wait ends once and resets it.</summary>
internal sealed class AsyncAutoResetEvent
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Lets the next wait end. Does nothing after <see cref="End"/>.</summary>
    public void Set() => _ = _set.Writer.TryWrite(true);

    /// <summary>It is not set any more. What was set before still ends a wait.</summary>
    public void End() => _ = _set.Writer.TryComplete();

    /// <summary>Waits until it is set, and resets it. False when it is not set any more.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken stop = default)
    {
        if (!await _set.Reader.WaitToReadAsync(stop))
        {
            return false;
        }

        _ = _set.Reader.TryRead(out _);
        return true;
    }
}
