using Confluent.Kafka;

namespace KafkaCompat.Compat.Confluent;

/// <summary>A member of a group that polls on a task of its own and knows how many partitions it has.</summary>
internal sealed class GroupMember : IAsyncDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private readonly Task _polling;
    private volatile int _assigned;

    public GroupMember(Client client, string group, string topic, Action<ConsumerConfig>? adjust = null)
    {
        var consumer = client.Consumer(group, adjust);
        consumer.Subscribe(topic);
        _polling = Task.Run(() =>
        {
            using (consumer)
            {
                while (!_leaving.IsCancellationRequested)
                {
                    _ = consumer.Consume(TimeSpan.FromMilliseconds(50));
                    _assigned = consumer.Assignment.Count;
                }

                consumer.Close();
            }
        });
    }

    public int Assigned => _assigned;

    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await _polling;
        _leaving.Dispose();
    }

    /// <summary>Waits until the members' assignments are as large as wanted; the sizes in ascending order.</summary>
    public static async Task<int[]> SettleAsync(int[] want, params GroupMember[] members)
    {
        int[] Sizes() => [.. members.Select(m => m.Assigned).Order()];
        await Client.UntilAsync(() => Sizes().SequenceEqual(want));
        return Sizes();
    }
}
