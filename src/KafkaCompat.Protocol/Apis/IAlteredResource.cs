namespace KafkaCompat.Protocol.Messages;

/// <summary>What became of a resource whose settings were to be altered. AlterConfigs and IncrementalAlterConfigs answer alike.</summary>
public interface IAlteredResource
{
    /// <summary>NONE, or why nothing of it was altered.</summary>
    ErrorCode ErrorCode { get; set; }

    /// <summary>The same in words.</summary>
    string? ErrorMessage { get; set; }

    /// <summary>The number of its type.</summary>
    sbyte ResourceType { get; set; }

    /// <summary>Its name within the type.</summary>
    string ResourceName { get; set; }
}

public sealed partial class AlterConfigsResponse
{
    public sealed partial class AlterConfigsResourceResponse : IAlteredResource;
}

public sealed partial class IncrementalAlterConfigsResponse
{
    public sealed partial class AlterConfigsResourceResponse : IAlteredResource;
}
