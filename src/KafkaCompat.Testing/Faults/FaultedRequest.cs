using KafkaCompat.Protocol;

namespace KafkaCompat.Testing;

/// <summary>A request as the condition of a fault sees it.</summary>
/// <param name="Key">What is asked.</param>
/// <param name="Version">The version of the request.</param>
/// <param name="ClientId">What the client calls itself: <c>client.id</c>.</param>
/// <param name="Message">
/// The request's body, one of the classes of <c>KafkaCompat.Protocol.Messages</c>: <c>request.Message is ProduceRequest produce &amp;&amp; …</c>. Record
/// bytes in it may be read while the condition runs and not later.
/// </param>
public readonly record struct FaultedRequest(ApiKey Key, short Version, string? ClientId, IRequest Message);
