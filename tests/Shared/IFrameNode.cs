using KafkaCompat.Protocol;

namespace KafkaCompat.Tests.Shared;

/// <summary>A node under test that can be connected to, in memory or over sockets.</summary>
internal interface IFrameNode
{
    IFrameClient Connect(string listener = "PLAINTEXT");

    /// <summary>Creates a topic and waits until its partitions are led.</summary>
    Task<Uuid> CreateTopic(string name, int partitions, params (string Name, string Value)[] configs);
}
