using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Fetching;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// Fetch 4-18.
/// <list type="bullet">
/// <item>Waits up to MaxWaitMs until MinBytes are there; errors, a diverging epoch or a partition that changes end the wait. A partition that nobody
/// knows, or that the client may not read, does so only where there is no other: who keeps asking for a topic that is gone waits with the rest.</item>
/// <item>The first partition with data returns at least one batch, however small the limits are; then the limits hold.</item>
/// <item>A negative limit is UNKNOWN_SERVER_ERROR where there would be something to read.</item>
/// <item>Sessions from 7 on: later fetches name what changed, answers hold what is news; see <see cref="FetchSessionCache"/>.</item>
/// <item>From 9 on leader epochs are checked, from 12 on the answer has a diverging epoch, from 13 on topics go by id, from 16 on it says who leads
/// instead.</item>
/// <item>Under a quota no more is read than it allows at once; a client that is throttled gets an empty answer, and its session goes on as if nothing
/// had been read.</item>
/// <item>read_committed reads up to the last stable offset and names the aborted transactions of the range.</item>
/// </list>
/// Left out: followers. A replica id is none of a partition's here, because a single node has no followers: NOT_LEADER_OR_FOLLOWER. The preferred read
/// replica is always -1.
/// </summary>
[Serves(ApiKey.Fetch, 4, 18)]
public sealed class FetchHandler : IHandler<FetchRequest, FetchResponse>
{
    /// <summary>The first version whose answer names the leader; the schema has a place for it from 12 on, which Kafka leaves empty.</summary>
    private const short LeaderSinceVersion = 16;

    /// <summary>The first version with an error for the request as a whole.</summary>
    private const short ErrorSinceVersion = 7;

    /// <summary>The first version that fails without naming the partitions.</summary>
    private const short FailsWholeSince = 13;

    /// <summary>The first version whose replicas send more of themselves than their id.</summary>
    private const short ReplicaStateSince = 15;

    private readonly PartitionTable _partitions;
    private readonly BrokerMetadata _metadata;
    private readonly TimerWheel _wheel;
    private readonly FetchSessionCache _sessions;
    private readonly ClientQuotas _quotas;
    private readonly DataRefusals _refusals;
    private readonly Func<Uuid, string?> _nameOf;
    private int _waiting;

    internal FetchHandler(PartitionTable partitions, BrokerMetadata metadata, TimerWheel wheel, FetchSessionCache sessions, ClientQuotas quotas,
        DataRefusals refusals)
    {
        _partitions = partitions;
        _metadata = metadata;
        _wheel = wheel;
        _sessions = sessions;
        _quotas = quotas;
        _refusals = refusals;
        _nameOf = metadata.TopicName;
    }

    /// <summary>Fetches that wait for bytes.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    public ValueTask<FetchResponse?> Handle(FetchRequest request, RequestContext context)
    {
        var scope = _sessions.Open(request, context.ApiVersion, _nameOf);
        if (scope.Error != ErrorCode.None) return ValueTask.FromResult<FetchResponse?>(new FetchResponse { ErrorCode = scope.Error });
        var limits = Limits.Of(request, context.ApiVersion, _quotas.MaxFetchBytes(context));
        var regions = new FetchRegions(scope.Partitions.Length);
        context.HoldUntilAnswered(regions);
        var reads = regions.Reads;
        if (!IsolationLevels.IsKnown(request.IsolationLevel)) return ValueTask.FromResult<FetchResponse?>(Refuse(scope, reads, context));
        var found = Read(scope, reads, limits, context);
        if (request.MaxWaitMs <= 0 || reads.Length == 0 || found.IsUrgent || found.Bytes >= limits.MinBytes)
            return ValueTask.FromResult<FetchResponse?>(Answer(scope, reads, context));
        return WaitAndRead(scope, regions, limits, found.Bytes, request.MaxWaitMs, context);
    }

    /// <summary>Kafka's answer to a request that it fails over.</summary>
    private FetchResponse Refuse(FetchScope scope, PartitionRead[] reads, RequestContext context)
    {
        if (context.ApiVersion >= FailsWholeSince) return new FetchResponse { ErrorCode = ErrorCode.UnknownServerError };
        Array.Fill(reads, PartitionRead.Failed(ErrorCode.UnknownServerError) with { AbortedTransactions = [] });
        var response = Answer(scope, reads, context);
        if (context.ApiVersion >= ErrorSinceVersion) response.ErrorCode = ErrorCode.UnknownServerError;
        return response;
    }

    private async ValueTask<FetchResponse?> WaitAndRead(FetchScope scope, FetchRegions regions, Limits limits, long foundBytes, int maxWaitMs,
        RequestContext context)
    {
        var reads = regions.Reads;
        var wait = new FetchWait(_wheel, scope.Partitions.Length, limits.MinBytes - foundBytes, limits.CommittedOnly);
        foreach (ref readonly var read in reads.AsSpan()) wait.Register(read);
        // What was found is read again then; a file is not kept open for a wait.
        regions.Dispose();
        // Many partitions take memory, and a client may wait for as long as it likes.
        if (context.Turn is not null) context.EndWaitingWhenMemoryIsWanted(wait.Changed);
        Interlocked.Increment(ref _waiting);
        await wait.Wait(maxWaitMs, context.Aborted);
        Interlocked.Decrement(ref _waiting);
        _ = Read(scope, reads, limits, context);
        return Answer(scope, reads, context);
    }

    /// <summary>
    /// Reads every partition once, in turn. Urgent is what the client should learn of at once. The rules are asked again with each read: a partition of a
    /// session may have got its topic's name since the last one. Neighbours of one topic are asked about once.
    /// </summary>
    private (long Bytes, bool IsUrgent) Read(FetchScope scope, PartitionRead[] reads, Limits limits, RequestContext context)
    {
        long total = 0;
        var urgent = false;
        var outOfReach = 0;
        long left = limits.MaxBytes;
        var minOneBatch = true;
        var access = context.Access;
        var asksByTopic = !access.IsUnlimited && !limits.IsOfReplica;
        var mayRead = !limits.IsOfReplica || access.AllowsOnCluster(AclOperation.ClusterAction);
        string? askedAbout = null;
        for (var i = 0; i < reads.Length; i++)
        {
            var asked = scope.Partitions[i];
            var topic = asked.Topic;
            if (asksByTopic && topic != askedAbout) (askedAbout, mayRead) = (topic, topic is null || access.AllowsOnTopic(AclOperation.Read, topic));
            var error = ErrorCode.TopicAuthorizationFailed;
            var partition = mayRead ? Find(asked, topic, context.ApiVersion, out error) : null;
            if (partition is null)
            {
                reads[i] = PartitionRead.Failed(error);
                if (error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.TopicAuthorizationFailed) outOfReach++;
                else urgent = true;
                continue;
            }
            if (limits.IsOfReplica)
            {
                reads[i] = partition.RefuseReplica();
                urgent = true;
                continue;
            }
            var maxBytes = (int)Math.Min(asked.MaxBytes, left);
            var read = partition.Read(asked.FetchOffset, maxBytes, minOneBatch, limits.CommittedOnly, asked.CurrentLeaderEpoch, asked.LastFetchedEpoch);
            reads[i] = read;
            if (read.Error != ErrorCode.None || read.DivergingEpoch >= 0) urgent = true;
            if (read.Length == 0) continue;
            minOneBatch = false;
            left = Math.Max(0, left - read.Length);
            total += read.Length;
        }
        return (total, urgent || outOfReach == reads.Length);
    }

    private Partition? Find(FetchPartition asked, string? topic, short version, out ErrorCode error)
    {
        error = ErrorCode.None;
        if (topic is null)
        {
            error = ErrorCode.UnknownTopicId;
            return null;
        }
        var partition = _partitions.Find(topic, asked.Index);
        if (partition is not null && (version < 13 || partition.TopicId == asked.TopicId)) return partition;
        error = partition is null ? _partitions.MissingError(topic, asked.Index) : ErrorCode.InconsistentTopicId;
        return null;
    }

    private FetchResponse Answer(FetchScope scope, PartitionRead[] reads, RequestContext context)
    {
        var version = context.ApiVersion;
        var response = new FetchResponse { SessionId = scope.Session?.Id ?? 0 };
        if (version >= LeaderSinceVersion) AddLeaders(response, reads, context.ListenerName);
        if (scope.Session is { } session)
        {
            lock (session.Gate) return Fill(response, scope, reads, context);
        }
        return Fill(response, scope, reads, context);
    }

    /// <summary>The answer with what is news, or an empty one for a client that is throttled.</summary>
    private FetchResponse Fill(FetchResponse response, FetchScope scope, PartitionRead[] reads, RequestContext context)
    {
        if (context.Meter is not { } meter || !_quotas.ThrottlesFetches)
        {
            Fill(response, scope, reads, context.ApiVersion, isFinal: true);
            return response;
        }
        // How large the answer is has to be known before the session counts on it.
        Fill(response, scope, reads, context.ApiVersion, isFinal: false);
        if (!_quotas.ThrottleFetch(context, meter, response.GetSize(context.ApiVersion)))
        {
            response.Responses.Clear();
            Fill(response, scope, reads, context.ApiVersion, isFinal: true);
            return response;
        }
        // A session that this fetch was to open is not: the client asks again without one.
        if (!scope.IsIncremental && scope.Session is { } opened) _sessions.Remove(opened.Id);
        return new FetchResponse { SessionId = scope.IsIncremental ? scope.Session!.Id : 0, NodeEndpoints = response.NodeEndpoints };
    }

    /// <summary>Where the leaders are whom the answer names.</summary>
    private void AddLeaders(FetchResponse response, PartitionRead[] reads, string listener)
    {
        foreach (ref readonly var read in reads.AsSpan())
        {
            if (!NamesLeader(read.Error) || read.IsToReplica) continue;
            var leader = read.LeaderId;
            if (_metadata.EndpointOf(leader, listener) is not { } endpoint || response.NodeEndpoints.Exists(node => node.NodeId == leader)) continue;
            response.NodeEndpoints.Add(new() { NodeId = leader, Host = endpoint.Host, Port = endpoint.Port, Rack = endpoint.Rack });
        }
    }

    private static bool NamesLeader(ErrorCode error) => error is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch;

    private void Fill(FetchResponse response, FetchScope scope, PartitionRead[] reads, short version, bool isFinal)
    {
        for (var i = 0; i < reads.Length; i++)
        {
            ref readonly var read = ref reads[i];
            var asked = scope.Partitions[i];
            if (scope.Session is { } session)
            {
                // What is news: records, an error, a diverging epoch, or other offsets than were sent last.
                var isNews = read.Length > 0 || read.Error != ErrorCode.None || read.DivergingEpoch >= 0
                    || read.HighWatermark != asked.SentHighWatermark || read.LogStartOffset != asked.SentLogStartOffset;
                if (scope.IsIncremental && !isNews) continue;
                if (isFinal) Remember(session, asked, read);
            }
            if (isFinal && read.Error != ErrorCode.None) _refusals.CountFetch();
            if (isFinal && read.Length > 0) read.Partition!.CountRead(read.Length);
            PartitionsFor(response, asked, version).Add(DataOf(asked, read, version));
        }
    }

    private static void Remember(FetchSession session, FetchPartition asked, in PartitionRead read)
    {
        // An error is sent again until it is gone, so it is not remembered as sent.
        asked.SentHighWatermark = read.Error == ErrorCode.None ? read.HighWatermark : -1;
        asked.SentLogStartOffset = read.Error == ErrorCode.None ? read.LogStartOffset : -1;
        if (read.Length > 0) session.MoveToEnd(asked);
    }

    private static FetchResponse.PartitionData DataOf(FetchPartition asked, in PartitionRead read, short version)
    {
        var data = new FetchResponse.PartitionData
        {
            PartitionIndex = asked.Index,
            ErrorCode = read.Error,
            HighWatermark = read.HighWatermark,
            LastStableOffset = read.LastStableOffset,
            LogStartOffset = read.LogStartOffset,
            // Where no partition was found the list is empty, else absent, as with Kafka.
            AbortedTransactions = read.Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.TopicAuthorizationFailed ? [] : null,
            Records = read.Region is null ? RecordBytes.Empty : RecordBytes.From(read.Region),
        };
        if (read.DivergingEpoch >= 0) data.DivergingEpoch = new() { Epoch = read.DivergingEpoch, EndOffset = read.DivergingEndOffset };
        if (version >= LeaderSinceVersion && NamesLeader(read.Error))
            data.CurrentLeader = new() { LeaderId = read.LeaderId, LeaderEpoch = read.LeaderEpoch };
        if (read.AbortedTransactions is { } aborted)
        {
            data.AbortedTransactions = new(aborted.Count);
            foreach (var transaction in aborted)
                data.AbortedTransactions.Add(new() { ProducerId = transaction.ProducerId, FirstOffset = transaction.FirstOffset });
        }
        return data;
    }

    /// <summary>Neighbours of one topic share its entry.</summary>
    private static List<FetchResponse.PartitionData> PartitionsFor(FetchResponse response, FetchPartition asked, short version)
    {
        if (response.Responses is [.., var last] && (version >= 13 ? last.TopicId == asked.TopicId : last.Topic == asked.Topic)) return last.Partitions;
        var added = new FetchResponse.FetchableTopicResponse { Topic = asked.Topic ?? "", TopicId = asked.TopicId };
        response.Responses.Add(added);
        return added.Partitions;
    }

    /// <summary>The limits of a request, within the broker's own <c>fetch.max.bytes</c>.</summary>
    private readonly record struct Limits(int MaxBytes, int MinBytes, bool CommittedOnly, bool IsOfReplica)
    {
        public static Limits Of(FetchRequest request, short version, int brokerMaxBytes)
        {
            var maxBytes = Math.Min(request.MaxBytes, brokerMaxBytes);
            var replicaId = version >= ReplicaStateSince ? request.ReplicaState.ReplicaId : request.ReplicaId;
            return new Limits(maxBytes, Math.Min(request.MinBytes, maxBytes), request.IsolationLevel == IsolationLevels.ReadCommitted, replicaId >= 0);
        }
    }
}
