namespace KafkaCompat.Protocol;

/// <summary>What Kafka says about an error code.</summary>
/// <param name="Code">The code.</param>
/// <param name="Name">Kafka's name.</param>
/// <param name="IsRetriable">A client may try again.</param>
/// <param name="RefreshesMetadata">A client asks for metadata first.</param>
/// <param name="IsRefreshRetriable">A client looks for the right node again, then tries again.</param>
/// <param name="Exception">Kafka's exception.</param>
/// <param name="ExceptionParents">What that derives from, nearest first.</param>
public sealed record ErrorInfo(
    ErrorCode Code, string Name, bool IsRetriable, bool RefreshesMetadata, bool IsRefreshRetriable, string? Exception, string ExceptionParents);
