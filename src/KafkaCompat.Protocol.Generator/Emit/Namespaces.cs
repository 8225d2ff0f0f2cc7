namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>Where the messages of a folder of protocol-specs go.</summary>
internal static class Namespaces
{
    public const string Root = "KafkaCompat.Protocol";

    public static string Of(string path)
    {
        var parts = path.Split('/');
        var family = parts.Length > 2 && parts[0] == "records" ? parts[1] : "";
        return Root + "." + family switch
        {
            "metadata" => "MetadataRecords",
            "groups" => "GroupRecords",
            "transactions" => "TransactionRecords",
            "share" => "ShareRecords",
            "quorum" => "QuorumRecords",
            "storage" => "StorageRecords",
            _ => "Messages",
        };
    }
}
