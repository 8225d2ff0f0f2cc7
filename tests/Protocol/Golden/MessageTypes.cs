using System.Reflection;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Protocol.Tests.Golden;

internal delegate IMessage ReadMessage(ref WireReader reader, short version);

/// <summary>The generated classes by the folder of their schema and their name, found by reflection: tests may do that.</summary>
internal static class MessageTypes
{
    private static readonly Dictionary<string, string> Namespaces = new(StringComparer.Ordinal)
    {
        ["clients"] = "Messages",
        ["metadata"] = "MetadataRecords",
        ["group"] = "GroupRecords",
        ["transaction"] = "TransactionRecords",
        ["share"] = "ShareRecords",
        ["raft"] = "QuorumRecords",
        ["storage"] = "StorageRecords",
    };

    public static Type? Find(string folder, string name) =>
        typeof(RequestHeader).Assembly.GetType($"KafkaCompat.Protocol.{Namespaces[folder]}.{name}");

    public static ReadMessage Reader(Type type) =>
        type.GetMethod("Read", BindingFlags.Public | BindingFlags.Static, [typeof(WireReader).MakeByRefType(), typeof(short)])!.CreateDelegate<ReadMessage>();
}
