namespace KafkaCompat.Protocol.Messages;

/// <summary>A resource whose settings are to be altered. AlterConfigs and IncrementalAlterConfigs name it alike.</summary>
public interface IResourceToAlter
{
    /// <summary>The number of its type.</summary>
    sbyte ResourceType { get; }

    /// <summary>Its name within the type.</summary>
    string ResourceName { get; }
}

public sealed partial class AlterConfigsRequest
{
    public sealed partial class AlterConfigsResource : IResourceToAlter;
}

public sealed partial class IncrementalAlterConfigsRequest
{
    public sealed partial class AlterConfigsResource : IResourceToAlter;
}
