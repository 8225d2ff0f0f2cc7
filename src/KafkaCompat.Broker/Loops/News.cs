using System.Threading.Channels;

namespace KafkaCompat.Broker.Loops;

/// <summary>There is something to look at. However often that is said, whoever waits for it looks once. One waits at a time.</summary>
internal sealed class News
{
    private readonly Channel<bool> _told = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Says that there is something. Does nothing after <see cref="End"/>.</summary>
    public void Tell() => _ = _told.Writer.TryWrite(true);

    /// <summary>Nothing comes any more. What was said before is still heard.</summary>
    public void End() => _ = _told.Writer.TryComplete();

    /// <summary>
    /// Waits until there is something, and forgets that it was said: what is said from then on is heard by the next call. False when nothing comes any more.
    /// </summary>
    public async ValueTask<bool> WaitAsync(CancellationToken stop = default)
    {
        if (!await _told.Reader.WaitToReadAsync(stop))
        {
            return false;
        }

        _ = _told.Reader.TryRead(out _);
        return true;
    }
}
