using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Simulation.Engine;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Simulation.Work;

/// <summary>Nobody knows what became of a request: the connection ended before its answer, or time was up.</summary>
internal sealed class UnknownOutcomeException(string message) : Exception(message);

/// <summary>A client with one connection, which is made anew when it is gone.</summary>
internal sealed class SimClient(World world, string name)
{
    private readonly Dictionary<int, TaskCompletionSource<(byte[] Frame, int Life)>> _asked = [];
    private readonly List<byte> _received = [];
    private SimLink? _link;
    private int _life;
    private int _correlationId;

    /// <summary>The life of the node that gave the answer that was returned last.</summary>
    public int AnsweredBy { get; private set; }

    /// <summary>Asks, and waits for the answer as long as a client would.</summary>
    public async Task<TResponse> Ask<TRequest, TResponse>(TRequest request, short version, int timeoutMs = 40_000)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        while (_link is null)
        {
            await world.Sleep(20);
            _received.Clear();
            _link ??= world.Node.Connect(world.Network, world.Clients, OnBytes);
            _life = world.Node.Life;
        }

        var id = ++_correlationId;
        var answer = new TaskCompletionSource<(byte[] Frame, int Life)>();
        _asked.Add(id, answer);
        world.Trace.Note($"ask {name} {id} {TRequest.ApiKey} over {_link.Number}");
        _link.Send(WireFrames.Of(request, version, id, name));
        if (await Task.WhenAny(answer.Task, world.Sleep(timeoutMs)) != answer.Task)
        {
            world.Violation($"{name} had no answer to {TRequest.ApiKey} within {timeoutMs} ms");
            _link?.Lose();
            Fail($"{name} waited {timeoutMs} ms for {TRequest.ApiKey}");
        }

        var (frame, life) = await answer.Task;
        AnsweredBy = life;
        return WireFrames.Decode<TRequest, TResponse>(frame, version);
    }

    private void OnBytes(ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { } came)
        {
            Fail("the connection ended");
            return;
        }

        _received.AddRange(came.Span);
        while (_received.Count >= 4)
        {
            Span<byte> start = [_received[0], _received[1], _received[2], _received[3]];
            var length = BinaryPrimitives.ReadInt32BigEndian(start);
            if (_received.Count < 4 + length)
            {
                return;
            }

            var frame = _received.GetRange(4, length).ToArray();
            _received.RemoveRange(0, 4 + length);
            if (_asked.Remove(BinaryPrimitives.ReadInt32BigEndian(frame), out var asked))
            {
                _ = asked.TrySetResult((frame, _life));
            }
        }
    }

    private void Fail(string why)
    {
        _link = null;
        foreach (var asked in _asked.Values)
        {
            _ = asked.TrySetException(new UnknownOutcomeException(why));
        }

        _asked.Clear();
    }
}
