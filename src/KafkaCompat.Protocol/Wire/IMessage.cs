using System.Text.Json;

namespace KafkaCompat.Protocol;

/// <summary>A message of the protocol, generated from protocol-specs.</summary>
public interface IMessage
{
    /// <summary>Bytes that <see cref="Write"/> will write; throws as it does.</summary>
    int GetSize(short version);

    /// <summary>
    /// Writes the message without frame or header; throws <see cref="UnsupportedVersionException"/> where the version would lose a field that counts.
    /// </summary>
    void Write(ref WireWriter writer, short version);

    /// <summary>Writes the message as Kafka's tools print it.</summary>
    void WriteJson(Utf8JsonWriter json, short version);
}

/// <summary>A message that can be read.</summary>
public interface IMessage<TSelf> : IMessage
    where TSelf : IMessage<TSelf>
{
    /// <summary>The lowest version there is.</summary>
    static abstract short LowestVersion { get; }

    /// <summary>The highest version there is.</summary>
    static abstract short HighestVersion { get; }

    /// <summary>Reads a message; throws <see cref="WireFormatException"/> where the bytes are none.</summary>
    static abstract TSelf Read(ref WireReader reader, short version);
}

/// <summary>The body of a request.</summary>
public interface IRequest : IMessage
{
    /// <summary>The API.</summary>
    ApiKey Key { get; }

    /// <summary>
    /// The response that says one error of all that the request names, in the shape that follows from the spec: every error code and message of it, the names
    /// of the request's items, and nothing of what is not known.
    /// </summary>
    IResponse Refusal(short version, ErrorCode error, string? message);
}

/// <summary>The body of a response.</summary>
public interface IResponse : IMessage
{
    /// <summary>Counts every error code that it holds, those that say that all went well among them.</summary>
    void CountErrors(ref ErrorTally tally);
}

/// <summary>A response with the time for which its client is throttled.</summary>
public interface IThrottledResponse : IResponse
{
    /// <summary>For how long nothing more is read from the connection; versions that do not know the field leave it out.</summary>
    int ThrottleTimeMs { get; set; }
}

/// <summary>The body of a request that is answered so.</summary>
public interface IRequestFor<TResponse> : IRequest
    where TResponse : class, IResponse;

/// <summary>The body of a request to one API.</summary>
public interface IRequest<TSelf> : IRequest, IMessage<TSelf>
    where TSelf : IRequest<TSelf>
{
    /// <summary>The API.</summary>
    static abstract ApiKey ApiKey { get; }
}

/// <summary>The body of a response of one API.</summary>
public interface IResponse<TSelf> : IResponse, IMessage<TSelf>
    where TSelf : IResponse<TSelf>
{
    /// <summary>The API.</summary>
    static abstract ApiKey ApiKey { get; }
}

/// <summary>A record of a log: of the metadata log, or the key or value of a coordinator's log.</summary>
public interface IRecord : IMessage
{
    /// <summary>The number that stands before the record in its log.</summary>
    short Type { get; }
}
