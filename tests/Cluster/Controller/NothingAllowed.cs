using System.Net;
using KafkaCompat.Cluster.Security;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Rules that allow nothing but what a test names.</summary>
internal sealed class NothingAllowed(Func<AccessQuestion, bool> allowed) : IAuthorizer
{
    /// <summary>A client that may do nothing at all.</summary>
    public static Access Access { get; } = But(static _ => false);

    /// <summary>A client that may do what is named and nothing else.</summary>
    public static Access But(Func<AccessQuestion, bool> allowed) => new("User:a", IPAddress.Loopback, "PLAINTEXT", new NothingAllowed(allowed));

    public bool Allows(in AccessQuestion question) => allowed(question);
}
