using KafkaCompat.Broker.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Transactions;

/// <summary>
/// Producer ids, taken from the controller in blocks of a thousand. An id is given out once in the life of the cluster:
/// what is left of a block when the node stops is never used.
/// </summary>
public sealed class ProducerIdBlock(IControllerChannel controller, int nodeId, Func<long> brokerEpoch) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private long _next;
    private long _end;

    public void Dispose() => _gate.Dispose();

    public async ValueTask<(ErrorCode Error, long ProducerId)> Next()
    {
        await _gate.WaitAsync();
        try
        {
            if (_next < _end) return (ErrorCode.None, _next++);
            var block = await controller.Ask(new AllocateProducerIdsRequest { BrokerId = nodeId, BrokerEpoch = brokerEpoch() });
            if (block.ErrorCode != ErrorCode.None) return (block.ErrorCode, -1);
            _next = block.ProducerIdStart;
            _end = block.ProducerIdStart + block.ProducerIdLen;
            return (ErrorCode.None, _next++);
        }
        catch (NotControllerException)
        {
            // Producers ask again after it, as Kafka's answer has them where no block of ids is to be had.
            return (ErrorCode.CoordinatorLoadInProgress, -1);
        }
        finally
        {
            _ = _gate.Release();
        }
    }
}
