using KafkaCompat.Broker.Peers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// The way to a controller on another node. A client's request goes as an Envelope (KIP-590), with its principal and its address; what the broker asks for
/// itself goes as it is. A client is answered when this node's own metadata has come as far as the controller's had: the next request of its connection sees
/// the change, as it does where the controller is here.
/// </summary>
/// <param name="active">The connection to the active controller; null while nobody knows which node that is.</param>
/// <param name="applied">Done when this node has applied the metadata up to an offset.</param>
/// <param name="clock">By which it is waited for that.</param>
/// <remarks>
/// A controller answers when the change is committed, so its high watermark, asked for afterwards, lies behind the change. One that does not send it keeps no
/// answer back: Apache Kafka's brokers do not wait at all.
/// </remarks>
public sealed class RemoteControllerChannel(Func<PeerConnection?> active, Func<long, Task> applied, TimeProvider clock) : IControllerChannel
{
    /// <summary>
    /// How long a client's answer is kept for this node's own metadata. It is known by then, and is given whatever comes of the wait: this node may be behind,
    /// or stop.
    /// </summary>
    public const int MaxApplyWaitMs = 5_000;

    private static readonly DescribeQuorumRequest MetadataLog =
        new() { Topics = { new() { TopicName = InternalTopics.ClusterMetadata, Partitions = { new() { PartitionIndex = 0 } } } } };

    public async Task<ForwardedAnswer> Forward(ForwardedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (active() is not { } controller)
        {
            return ForwardedAnswer.Without(ErrorCode.NotController);
        }

        try
        {
            if (request.User is null)
            {
                return Answered(await controller.AskAny(request.Body, request.Version));
            }

            var answer = ForwardedAnswer.Of(await controller.Ask(request.ToEnvelope()), request);
            if (answer.Response is not null)
            {
                await Applied(controller);
            }

            return answer;
        }
        catch (PeerException fault) when (fault.Fault == PeerFault.UnsupportedVersion)
        {
            return ForwardedAnswer.Without(ErrorCode.UnsupportedVersion);
        }
        catch (Exception fault) when (fault is PeerException or WireFormatException)
        {
            // It has gone, with the request or before it, and nothing is known of what was asked.
            return ForwardedAnswer.Without(ErrorCode.NotController);
        }
    }

    /// <summary>A node that is not the active controller says so within its answer.</summary>
    private static ForwardedAnswer Answered(IResponse response)
    {
        Span<long> counts = stackalloc long[ErrorCode.NotController - ErrorCode.UnknownServerError + 1];
        counts.Clear();
        var tally = new ErrorTally(counts);
        response.CountErrors(ref tally);
        return counts[^1] > 0 ? ForwardedAnswer.Without(ErrorCode.NotController) : ForwardedAnswer.Of(response);
    }

    private async Task Applied(PeerConnection controller)
    {
        DescribeQuorumResponse quorum;
        try
        {
            quorum = await controller.Ask(MetadataLog);
        }
        catch (Exception fault) when (fault is PeerException or WireFormatException or ObjectDisposedException)
        {
            // The answer is known all the same.
            return;
        }

        if (quorum is { ErrorCode: ErrorCode.None, Topics: [{ Partitions: [{ ErrorCode: ErrorCode.None, HighWatermark: > 0 and var highWatermark }] }] })
        {
            await applied(highWatermark - 1).WaitAsync(TimeSpan.FromMilliseconds(MaxApplyWaitMs), clock)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
