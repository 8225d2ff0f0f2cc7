using System.Buffers;
using System.Collections.Concurrent;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>
/// A way to the controller of which only bytes come out: what goes in becomes a frame's body as an Envelope has it, and is read anew at the other end; so is
/// the answer. It keeps what it carried.
/// </summary>
internal sealed class WireChannel(IControllerChannel controller) : IControllerChannel
{
    private const short Version = 0;

    /// <summary>Each request that crossed.</summary>
    public ConcurrentQueue<ForwardedRequest> Carried { get; } = new();

    /// <summary>Whether nobody is the controller.</summary>
    public bool IsWithoutController { get; set; }

    /// <summary>What the controller says of the Envelope, where it refuses it.</summary>
    public ErrorCode Refusal { get; set; }

    public async Task<ForwardedAnswer> Forward(ForwardedRequest request)
    {
        // What the broker asks for itself goes as it is.
        if (request.User is null) return IsWithoutController ? ForwardedAnswer.Without(ErrorCode.NotController) : await controller.Forward(request);
        var sent = Bytes(request.ToEnvelope());
        Assert.Equal(ErrorCode.None, ForwardedRequest.Read(Read<EnvelopeRequest>(sent), request.ListenerName, out var read));
        var received = read!;
        Assert.Equal(sent, Bytes(received.ToEnvelope()));
        Assert.Equal(request with { Body = received.Body }, received);
        Carried.Enqueue(received);
        var answer = IsWithoutController ? ForwardedAnswer.Without(ErrorCode.NotController)
            : Refusal != ErrorCode.None ? ForwardedAnswer.Without(Refusal)
            : await controller.Forward(received);
        sent = Bytes(answer.ToEnvelope(request));
        var returned = ForwardedAnswer.Of(Read<EnvelopeResponse>(sent), request);
        Assert.Equal(sent, Bytes(returned.ToEnvelope(request)));
        Assert.Equal(answer.Error, returned.Error);
        return returned;
    }

    private static byte[] Bytes(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        message.Write(ref writer, Version);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static T Read<T>(byte[] bytes)
        where T : IMessage<T>
    {
        var reader = new WireReader(new ReadOnlySequence<byte>(bytes));
        return T.Read(ref reader, Version);
    }
}
