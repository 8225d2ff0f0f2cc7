using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.Hosting;

/// <summary>What a test puts around a node in the place of the process and its machine.</summary>
internal sealed record HostSeams
{
    /// <summary>As the program runs.</summary>
    public static HostSeams None { get; } = new();

    /// <summary>Other files than those of this machine's disk.</summary>
    public IFileStore? Files { get; init; }

    /// <summary>Ends with the name of what asks for the end, where that is no signal.</summary>
    public Task<string>? Stop { get; init; }

    /// <summary>By whose time the node on those files runs.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>By whose time a stop lasts too long.</summary>
    public TimeProvider StopTime { get; init; } = TimeProvider.System;
}
