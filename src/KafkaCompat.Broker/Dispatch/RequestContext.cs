using System.Net;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>What a handler knows of a request besides its body. One object a request; what the request said of itself never changes.</summary>
public sealed class RequestContext(ApiKey key, short apiVersion, int correlationId, string? clientId, ConnectionInfo connection)
{
    public ApiKey Key { get; } = key;

    public short ApiVersion { get; } = apiVersion;

    public int CorrelationId { get; } = correlationId;

    public string? ClientId { get; } = clientId;

    public ConnectionInfo Connection { get; } = connection;

    public string ListenerName => Connection.ListenerName;

    public string Principal => Connection.Principal;

    public string User => Connection.User;

    /// <summary>What who asks may do. A handler asks it for each operation on each resource, before it answers anything about the resource.</summary>
    public Access Access => Connection.Access;

    /// <summary>Whether a broker passed the request on: what that has done with it need not be done again.</summary>
    public bool IsForwarded { get; init; }

    /// <summary>Whether a broker asks for itself and no client does: no quota binds it.</summary>
    public bool IsOfNode { get; init; }

    /// <summary>Null while no client has a quota.</summary>
    internal QuotaMeter? Meter { get; init; }

    /// <summary>What a large request holds of the memory that such requests share; null for others.</summary>
    internal DecodeTurn? Turn { get; set; }

    /// <summary>Null where requests are not logged.</summary>
    internal RequestLogger? Log { get; init; }

    /// <summary>The client's address as Kafka shows it in group descriptions, without the port.</summary>
    public IPAddress RemoteAddress => Connection.RemoteAddress;

    /// <summary>Set when the connection is torn down: nobody will read the answer.</summary>
    public CancellationToken Aborted => Connection.Aborted;

    /// <summary>
    /// The connection is closed once the answers before this one are out. Kafka does so where a client that asked for
    /// no answer has to learn of an error (acks=0).
    /// </summary>
    public void CloseConnection() => CloseRequested = true;

    internal bool CloseRequested { get; private set; }

    /// <summary>
    /// The connection keeps the request's bytes and starts no other request of it until the work is done: for a handler that needs the bytes, or the order of
    /// requests, longer than until its first await.
    /// </summary>
    public void KeepBytesUntil(Task done) => BytesInUse = done;

    internal Task? BytesInUse { get; private set; }

    /// <summary>
    /// Makes an answer on other threads: those for batches, or those of a disk. The socket's thread goes on with other connections; this one
    /// keeps the request's bytes and starts no other request meanwhile, so that it has no more than one under way there and none overtakes another.
    /// </summary>
    public async ValueTask<TAnswer> AnswerOn<TAnswer>(IWorkThreads threads, Func<TAnswer> make)
    {
        var answer = default(TAnswer)!;
        var made = threads.Run(() => answer = make());
        KeepBytesUntil(made);
        await made;
        return answer;
    }

    /// <summary>
    /// All that the request does is done and ordered, and what is left is to wait for its acknowledgement: Produce requests behind it may be started meanwhile.
    /// Before the handler's first await, or before the task of <see cref="KeepBytesUntil"/> ends.
    /// </summary>
    public void LetProducesFollow() => IsOnlyAcknowledged = true;

    internal bool IsOnlyAcknowledged { get; private set; }

    /// <summary>
    /// The handler waits for something that it need not have, and <paramref name="end"/> ends that: called where the request takes memory that others ask for,
    /// once, on any thread.
    /// </summary>
    internal void EndWaitingWhenMemoryIsWanted(Action end) => Turn?.EndWhenWanted(end);

    /// <summary>
    /// Others keep of the request what they need, and its answer is theirs to give: what a large one has taken is given back, so that those behind it do not
    /// wait as long.
    /// </summary>
    internal void GiveBackMemory() => Turn?.GiveBack();

    /// <summary>Keeps something open until the answer is written or dropped: the regions of files that it is made of.</summary>
    public void HoldUntilAnswered(IDisposable held) => Held = held;

    internal IDisposable? Held { get; private set; }
}
