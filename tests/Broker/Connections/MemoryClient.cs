using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>A client at the far end of a <see cref="MemoryConnection"/>: whole requests, or bytes as they come.</summary>
internal sealed class MemoryClient(MemoryConnection connection, Task served) : IFrameClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private int _correlationId;

    /// <summary>Completes when the server has closed its end.</summary>
    public Task Served { get; } = served;

    public async Task Send(ReadOnlyMemory<byte> bytes)
    {
        connection.Activity?.NoteReceived();
        _ = await connection.Client.Output.WriteAsync(bytes);
    }

    /// <summary>The client is gone, as a reset tells.</summary>
    public void Lose() => connection.Lose();

    public void CloseSending() => connection.Client.Output.Complete();

    /// <summary>The next frame without its length, or null when the connection was closed.</summary>
    public async Task<byte[]?> Receive(TimeSpan? patience = null)
    {
        var input = connection.Client.Input;
        using var expired = new CancellationTokenSource(patience ?? Patience);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(expired.Token);
                if (TryTake(result.Buffer, out var frame))
                {
                    input.AdvanceTo(result.Buffer.GetPosition(4 + frame.Length));
                    return frame;
                }
                // At the end there is nothing to advance over.
                if (result.IsCompleted) return null;
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (InvalidOperationException) when (connection.IsAborted)
        {
            // An abort completes the reader, as a reset ends the receives of a socket.
            return null;
        }
    }

    /// <summary>Whether nothing comes within the time given; the connection stays open.</summary>
    public async Task<bool> StaysSilent(TimeSpan time)
    {
        try
        {
            _ = await Receive(time);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    public async Task<TResponse> Ask<TRequest, TResponse>(TRequest request, short version)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        var id = await Post(request, version);
        var frame = await Receive() ?? throw new InvalidOperationException("The connection was closed instead of an answer.");
        Assert.Equal(id, BinaryPrimitives.ReadInt32BigEndian(frame));
        return Decode<TRequest, TResponse>(frame, version);
    }

    /// <summary>Sends without waiting; returns the correlation id.</summary>
    public async Task<int> Post(IRequest request, short version, string clientId = "test")
    {
        var id = ++_correlationId;
        await Send(Frame(request, version, id, clientId));
        return id;
    }

    public static byte[] Frame(IRequest request, short version, int correlationId, string clientId = "test") =>
        WireFrames.Of(request, version, correlationId, clientId);

    public static TResponse Decode<TRequest, TResponse>(byte[] frame, short version)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse> =>
        WireFrames.Decode<TRequest, TResponse>(frame, version);

    private static bool TryTake(in ReadOnlySequence<byte> buffer, out byte[] frame)
    {
        frame = [];
        if (buffer.Length < 4) return false;
        Span<byte> length = stackalloc byte[4];
        buffer.Slice(0, 4).CopyTo(length);
        var size = BinaryPrimitives.ReadInt32BigEndian(length);
        if (buffer.Length < 4 + size) return false;
        frame = buffer.Slice(4, size).ToArray();
        return true;
    }
}
