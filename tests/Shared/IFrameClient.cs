using System.Buffers.Binary;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>The far end of a connection: whole frames, or bytes as they come.</summary>
internal interface IFrameClient
{
    Task Send(ReadOnlyMemory<byte> bytes);

    void CloseSending();

    /// <summary>The next frame without its length, or null when the connection was closed.</summary>
    Task<byte[]?> Receive(TimeSpan? patience = null);
}

/// <summary>Requests and answers over frames.</summary>
internal static class FrameClients
{
    /// <summary>Whether nothing comes within the time given; the connection stays open.</summary>
    public static async Task<bool> StaysSilent(this IFrameClient client, TimeSpan time)
    {
        try
        {
            _ = await client.Receive(time);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    /// <summary>Sends one request and reads its answer.</summary>
    public static async Task<TResponse> Ask<TRequest, TResponse>(this IFrameClient client, TRequest request, short version, int correlationId = 1)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        await client.Post(request, version, correlationId);
        var frame = await client.Receive() ?? throw new InvalidOperationException("The connection was closed instead of an answer.");
        Assert.Equal(correlationId, BinaryPrimitives.ReadInt32BigEndian(frame));
        return WireFrames.Decode<TRequest, TResponse>(frame, version);
    }

    /// <summary>Sends without waiting.</summary>
    public static Task Post<TRequest>(this IFrameClient client, TRequest request, short version, int correlationId = 1)
        where TRequest : class, IRequest<TRequest> =>
        client.Send(WireFrames.Of(request, version, correlationId));
}
