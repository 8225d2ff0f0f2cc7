using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Connections;

/// <summary>What came out of a frame.</summary>
/// <param name="Action">What is to be done with it; the rest is there where it is <see cref="RequestAction.Start"/> or
/// <see cref="RequestAction.AnswerVersions"/>.</param>
/// <param name="Served">Who serves it.</param>
/// <param name="Version">The version of it and its answer.</param>
/// <param name="CorrelationId">What its answer bears.</param>
/// <param name="Context">What its handler knows of it.</param>
/// <param name="Request">Its objects.</param>
/// <param name="Cost">What they take, by estimate.</param>
internal readonly record struct OpenedRequest(
    RequestAction Action, ServedApi? Served = null, short Version = 0, int CorrelationId = 0, RequestContext? Context = null, IRequest? Request = null,
    long Cost = 0);

/// <summary>What is to be done with a request.</summary>
internal enum RequestAction
{
    /// <summary>Nothing: the connection is closed.</summary>
    Close,

    /// <summary>Its handler is started.</summary>
    Start,

    /// <summary>It is an ApiVersions of a version that is not served, and is answered with those that are.</summary>
    AnswerVersions,

    /// <summary>It costs more than was set aside, and is read again when there is more.</summary>
    ReadInTurn,
}
