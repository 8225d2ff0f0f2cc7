using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// Produce 3-13 (ApiVersions advertises 0-13 as Kafka does: a client library wants it so).
/// <list type="bullet">
/// <item>Every partition is answered by itself, but for a first batch whose length or magic cannot be: then all of the request is refused. A
/// partition named twice is written once, with what was named last.</item>
/// <item>acks=0 is not answered; if anything failed the connection is closed, so that the client learns of it.</item>
/// <item>acks=all is answered when the records are below the high watermark, at the latest after the request's time-out. The wait ends with its
/// connection.</item>
/// <item>From 8 on an answer says which records were at fault, from 10 on who leads instead, from 13 on topics go by id.</item>
/// </list>
/// Left out: transactions. A transactional batch gets INVALID_PRODUCER_ID_MAPPING, Kafka's answer for an id that no
/// coordinator knows: InitProducerId has handed out none. Records null is answered with INVALID_RECORD; Kafka leaves
/// such a request without an answer for ever.
/// </summary>
[Serves(ApiKey.Produce, 3, 13)]
public sealed class ProduceHandler(PartitionTable partitions, BrokerMetadata metadata, TimerWheel wheel, IWorkThreads batchThreads, DataRefusals refusals)
    : IHandler<ProduceRequest, ProduceResponse>
{
    private const short AcksAll = -1;
    private const short AcksNone = 0;
    private const short AcksLeader = 1;

    /// <summary>The first version whose answer names the leader instead.</summary>
    private const short LeaderSinceVersion = 10;

    /// <summary>Kafka's own admin tools may write to internal topics, nobody else.</summary>
    private const string AdminClientId = "__admin_client";

    /// <summary>Requests that wait for a slow disk, as many as Kafka queues by default (<c>queued.max.requests</c>). Each keeps its bytes.</summary>
    internal const int MaxWaitingForDisk = 500;

    private static readonly Refused DiskIsBusy =
        new(ErrorCode.KafkaStorageError, $"The disk takes long, and {MaxWaitingForDisk} requests wait for it.", IsOfAll: true);

    private static readonly Refused NotAllowed = new(ErrorCode.TopicAuthorizationFailed);

    private int _waiting;
    private int _waitingForDisk;

    /// <summary>Requests that wait for their acknowledgement.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    public ValueTask<ProduceResponse?> Handle(ProduceRequest request, RequestContext context)
    {
        var targets = new ProduceTargets(request, context.ApiVersion, partitions, metadata);
        if (targets.SlowDisk is { } disk) return AppendOnDisk(disk, request, context);
        return targets.TakesLong ? AppendOn(batchThreads, request, context) : Append(request, targets, context);
    }

    /// <summary>After a wait the partitions are looked up again: they may have gone offline, or be deleted.</summary>
    private ValueTask<ProduceResponse?> AppendLater(ProduceRequest request, RequestContext context, Refused? given = null) =>
        Append(request, new ProduceTargets(request, context.ApiVersion, partitions, metadata), context, given);

    /// <summary>The connection waits until its batches are in the log, and no longer: not for their acknowledgement.</summary>
    private async ValueTask<ProduceResponse?> AppendOn(IWorkThreads threads, ProduceRequest request, RequestContext context) =>
        await await context.AnswerOn(threads, () => AppendLater(request, context));

    private async ValueTask<ProduceResponse?> AppendOnDisk(IWorkThreads disk, ProduceRequest request, RequestContext context)
    {
        ValueTask<ProduceResponse?> appended;
        try
        {
            if (Interlocked.Increment(ref _waitingForDisk) > MaxWaitingForDisk) return await AppendLater(request, context, DiskIsBusy);
            appended = await context.AnswerOn(disk, () => AppendLater(request, context));
        }
        finally
        {
            _ = Interlocked.Decrement(ref _waitingForDisk);
        }
        return await appended;
    }

    private ValueTask<ProduceResponse?> Append(ProduceRequest request, in ProduceTargets targets, RequestContext context, Refused? given = null)
    {
        var response = new ProduceResponse { Responses = new(request.TopicData.Count) };
        var access = context.Access;
        var refusal = given ?? Refusal(request, access);
        var last = LastMentions(request);
        var answered = request.TopicData.Count > 1
            ? new Dictionary<(string, Uuid), List<ProduceResponse.PartitionProduceResponse>>(request.TopicData.Count)
            : null;
        AckWait? wait = null;
        List<(AckWait.Place, ProduceResponse.PartitionProduceResponse)>? waiting = null;
        var failed = false;
        var place = 0;
        foreach (var topic in request.TopicData)
        {
            bool? isAllowed = null;
            List<ProduceResponse.PartitionProduceResponse>? results = null;
            foreach (var data in topic.PartitionData)
            {
                var target = targets[place++];
                var name = target.Topic;
                isAllowed ??= refusal.IsOfAll || name is null || access.AllowsOnTopic(AclOperation.Write, name);
                if (last is not null && !ReferenceEquals(last[(topic.Name, topic.TopicId, data.Index)], data)) continue;
                results ??= ResultsFor(response, topic, answered);
                var result = new ProduceResponse.PartitionProduceResponse { Index = data.Index, BaseOffset = -1 };
                results.Add(result);
                var partition = Accepted(target, topic, data, isAllowed.Value ? refusal : NotAllowed, context, result);
                if (partition is null)
                {
                    failed = true;
                    refusals.Refused(context, name, data, result.ErrorCode, result.ErrorMessage);
                    continue;
                }
                var appended = partition.Append(data.Records, request.Acks, context.ApiVersion);
                Fill(result, appended);
                if (context.ApiVersion >= LeaderSinceVersion && appended.Error == ErrorCode.NotLeaderOrFollower) AddLeader(response, result, appended, context);
                if (appended.Error != ErrorCode.None)
                {
                    failed = true;
                    refusals.Refused(context, name, data, appended.Error, appended.ErrorMessage ?? appended.Cause);
                }
                else if (request.Acks == AcksAll && !appended.IsReplicated)
                {
                    wait ??= new AckWait(wheel);
                    (waiting ??= []).Add((wait.Add(partition, appended.RequiredOffset, appended.LeaderEpoch), result));
                }
            }
        }
        if (request.Acks == AcksNone)
        {
            if (failed) context.CloseConnection();
            return ValueTask.FromResult<ProduceResponse?>(null);
        }
        if (waiting is not null) context.LetProducesFollow();
        return waiting is null
            ? ValueTask.FromResult<ProduceResponse?>(response)
            : WhenReplicated(response, wait!, waiting, request.TimeoutMs, context.Aborted);
    }

    private async ValueTask<ProduceResponse?> WhenReplicated(
        ProduceResponse response, AckWait wait, List<(AckWait.Place Place, ProduceResponse.PartitionProduceResponse Result)> waiting, int timeoutMs,
        CancellationToken aborted)
    {
        Interlocked.Increment(ref _waiting);
        await wait.Wait(timeoutMs, aborted);
        Interlocked.Decrement(ref _waiting);
        foreach (var (place, result) in waiting)
        {
            if (place.Outcome is null or ErrorCode.None) continue;
            // The records are in the log, where the answer says; only that they are replicated is not known.
            result.ErrorCode = place.Outcome.Value;
        }
        return response;
    }

    /// <summary>
    /// What is wrong with the request as a whole; each partition is answered with it. Where it is not of all, a topic that the client may not write to is
    /// answered with that instead.
    /// </summary>
    private static Refused Refusal(ProduceRequest request, Access access)
    {
        foreach (var topic in request.TopicData)
        {
            foreach (var data in topic.PartitionData)
            {
                if (data.Records is null) continue;
                if (ProduceBatchValidator.RefuseRequest(data.Records.Memory, out var isTransactional) is { } refused)
                    return new(refused.Error, refused.ErrorMessage, IsOfAll: true);
                if (!isTransactional) continue;
                var mayWrite = request.TransactionalId is { } id && access.Allows(AclOperation.Write, ResourceType.TransactionalId, id);
                return mayWrite ? new(ErrorCode.InvalidProducerIdMapping) : new(ErrorCode.TransactionalIdAuthorizationFailed, IsOfAll: true);
            }
        }
        return new(request.Acks is < AcksAll or > AcksLeader ? ErrorCode.InvalidRequiredAcks : ErrorCode.None);
    }

    /// <summary>The partition that takes the records; null where <paramref name="result"/> says why none does.</summary>
    private Partition? Accepted(
        in ProduceTarget target, ProduceRequest.TopicProduceData topic, ProduceRequest.PartitionProduceData data, in Refused refusal,
        RequestContext context, ProduceResponse.PartitionProduceResponse result)
    {
        if (refusal.Error != ErrorCode.None)
        {
            (result.ErrorCode, result.ErrorMessage) = (refusal.Error, refusal.Message);
            return null;
        }
        if (target.Topic is null)
        {
            result.ErrorCode = ErrorCode.UnknownTopicId;
            return null;
        }
        if (target.Partition is not { } partition || (context.ApiVersion >= ProduceTargets.TopicIdSinceVersion && partition.TopicId != topic.TopicId))
        {
            result.ErrorCode = partitions.MissingError(target.Topic, data.Index);
            return null;
        }
        if (InternalTopics.Contains(target.Topic) && context.ClientId != AdminClientId)
        {
            result.ErrorCode = ErrorCode.InvalidTopicException;
            return null;
        }
        return partition;
    }

    private static void Fill(ProduceResponse.PartitionProduceResponse result, in PartitionAppend appended)
    {
        result.ErrorCode = appended.Error;
        result.BaseOffset = appended.BaseOffset;
        result.LogAppendTimeMs = appended.LogAppendTimeMs;
        result.LogStartOffset = appended.LogStartOffset;
        if (appended.Error == ErrorCode.None) return;
        result.ErrorMessage = appended.ErrorMessage;
        if (appended.RecordErrors is null) return;
        foreach (var error in appended.RecordErrors)
            result.RecordErrors.Add(new() { BatchIndex = error.BatchIndex, BatchIndexErrorMessage = error.Message });
    }

    private void AddLeader(ProduceResponse response, ProduceResponse.PartitionProduceResponse result, in PartitionAppend appended, RequestContext context)
    {
        var leader = appended.LeaderId;
        result.CurrentLeader = new() { LeaderId = leader, LeaderEpoch = appended.LeaderEpoch };
        if (metadata.EndpointOf(leader, context.ListenerName) is not { } endpoint || response.NodeEndpoints.Exists(node => node.NodeId == leader)) return;
        response.NodeEndpoints.Add(new() { NodeId = leader, Host = endpoint.Host, Port = endpoint.Port, Rack = endpoint.Rack });
    }

    /// <summary>
    /// A topic that is named twice has one entry in the answer; <paramref name="answered"/> holds those there are, where the request names several topics.
    /// </summary>
    private static List<ProduceResponse.PartitionProduceResponse> ResultsFor(
        ProduceResponse response, ProduceRequest.TopicProduceData topic, Dictionary<(string, Uuid), List<ProduceResponse.PartitionProduceResponse>>? answered)
    {
        // A version has either the name or the id; the other is the same for all.
        if (answered?.TryGetValue((topic.Name, topic.TopicId), out var known) == true) return known;
        var added =
            new ProduceResponse.TopicProduceResponse { Name = topic.Name, TopicId = topic.TopicId, PartitionResponses = new(topic.PartitionData.Count) };
        response.Responses.Add(added);
        answered?.Add((topic.Name, topic.TopicId), added.PartitionResponses);
        return added.PartitionResponses;
    }

    /// <summary>For each partition its last mention; null for the usual request that names one partition.</summary>
    private static Dictionary<(string, Uuid, int), ProduceRequest.PartitionProduceData>? LastMentions(ProduceRequest request)
    {
        if (request.TopicData.Count <= 1 && (request.TopicData.Count == 0 || request.TopicData[0].PartitionData.Count <= 1)) return null;
        var last = new Dictionary<(string, Uuid, int), ProduceRequest.PartitionProduceData>();
        foreach (var topic in request.TopicData)
        {
            foreach (var data in topic.PartitionData) last[(topic.Name, topic.TopicId, data.Index)] = data;
        }
        return last;
    }

    /// <summary>Why partitions are refused before their records are looked at. <paramref name="IsOfAll"/>: whatever else is wrong with them.</summary>
    private readonly record struct Refused(ErrorCode Error, string? Message = null, bool IsOfAll = false);
}
