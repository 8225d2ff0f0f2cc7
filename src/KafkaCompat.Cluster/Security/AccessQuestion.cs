using System.Net;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Security;

/// <summary>One question to an <see cref="IAuthorizer"/>, as Kafka asks it: may this principal, from this address, do this to that resource.</summary>
/// <param name="Principal">Who asks, with the type before the name: <c>User:alice</c>.</param>
/// <param name="Address">Where the client connects from.</param>
/// <param name="ListenerName">The listener that the client came by.</param>
/// <param name="Operation">What the client wants to do.</param>
/// <param name="ResourceType">The kind of the resource.</param>
/// <param name="ResourceName">The resource. Null asks whether there is any resource of the kind that the principal may do it to.</param>
public readonly record struct AccessQuestion(
    string Principal, IPAddress Address, string ListenerName, AclOperation Operation, ResourceType ResourceType, string? ResourceName);
