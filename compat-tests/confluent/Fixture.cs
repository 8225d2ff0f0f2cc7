namespace KafkaCompat.Compat.Confluent;

/// <summary>One broker of a kind for a class of tests, started when the first test asks for it.</summary>
public sealed class Fixture<TBroker> : IAsyncDisposable
    where TBroker : BrokerProcess, new()
{
    private TBroker? _broker;

    public async Task<BrokerProcess> GetAsync()
    {
        if (_broker is null)
        {
            _broker = new TBroker();
            await _broker.StartAsync();
        }

        return _broker;
    }

    public ValueTask DisposeAsync() => _broker?.DisposeAsync() ?? ValueTask.CompletedTask;
}
