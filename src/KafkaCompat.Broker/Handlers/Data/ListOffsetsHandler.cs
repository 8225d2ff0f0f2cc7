using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Fetching;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// ListOffsets 1-11: the first offset at or after a timestamp, or one of the named places.
/// <list type="bullet">
/// <item>-1 latest (the last stable offset with read_committed), -2 earliest; from 7 on -3 the largest timestamp, from 8 on
/// -4 the earliest kept here, from 9 on -5 the latest in tiered storage, from 11 on -6 the earliest not yet uploaded.</item>
/// <item>Without tiered storage -4 is the log's start, and -5 and -6 are unknown: offset -1.</item>
/// <item>Nothing at or after the timestamp: offset -1 and no error.</item>
/// <item>A partition named twice is answered once, with INVALID_REQUEST; a topic once, and not at all where it names no partition.</item>
/// <item>A search by time reads the records of the batch that it ends in, decompressed, so it is done on the threads for batches; the places need none.</item>
/// </list>
/// </summary>
[Serves(ApiKey.ListOffsets, 1, 11)]
public sealed class ListOffsetsHandler(PartitionTable partitions, IWorkThreads batchThreads) : IHandler<ListOffsetsRequest, ListOffsetsResponse>
{
    private const short FirstOfOffsetNotAvailable = 5;

    /// <summary>The first version that knows a named place, by its negated number.</summary>
    private static readonly short[] FirstVersion = [0, 1, 1, 7, 8, 9, 11];

    public ValueTask<ListOffsetsResponse?> Handle(ListOffsetsRequest request, RequestContext context) =>
        SearchesByTime(request)
            ? context.AnswerOn<ListOffsetsResponse?>(batchThreads, () => Answer(request, context))
            : ValueTask.FromResult<ListOffsetsResponse?>(Answer(request, context));

    private static bool SearchesByTime(ListOffsetsRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var asked in topic.Partitions)
            {
                if (asked.Timestamp is >= 0 or AskedTimestamps.Max) return true;
            }
        }
        return false;
    }

    private ListOffsetsResponse Answer(ListOffsetsRequest request, RequestContext context)
    {
        var response = new ListOffsetsResponse { Topics = new(request.Topics.Count) };
        var told = new Dictionary<string, ListOffsetsResponse.ListOffsetsTopicResponse>();
        HashSet<string>? refused = null;
        var seen = new HashSet<(string, int)>();
        var repeated = new HashSet<(string, int)>();
        foreach (var topic in request.Topics)
        {
            foreach (var asked in topic.Partitions)
            {
                if (!seen.Add((topic.Name, asked.PartitionIndex))) _ = repeated.Add((topic.Name, asked.PartitionIndex));
            }
        }
        foreach (var topic in request.Topics)
        {
            if (topic.Partitions.Count == 0) continue;
            if (!told.TryGetValue(topic.Name, out var results))
            {
                if (!context.Access.AllowsOnTopic(AclOperation.Describe, topic.Name)) (refused ??= new(StringComparer.Ordinal)).Add(topic.Name);
                results = new ListOffsetsResponse.ListOffsetsTopicResponse { Name = topic.Name, Partitions = new(topic.Partitions.Count) };
                told.Add(topic.Name, results);
                response.Topics.Add(results);
            }
            foreach (var asked in topic.Partitions)
            {
                // A partition of many mentions is answered at its first; the others find it marked.
                if (!seen.Remove((topic.Name, asked.PartitionIndex))) continue;
                var result = new ListOffsetsResponse.ListOffsetsPartitionResponse { PartitionIndex = asked.PartitionIndex };
                results.Partitions.Add(result);
                if (refused?.Contains(topic.Name) == true) result.ErrorCode = ErrorCode.TopicAuthorizationFailed;
                else if (!IsolationLevels.IsKnown(request.IsolationLevel)) result.ErrorCode = ErrorCode.UnknownServerError;
                else if (repeated.Contains((topic.Name, asked.PartitionIndex))) result.ErrorCode = ErrorCode.InvalidRequest;
                else Find(topic.Name, asked, request, context.ApiVersion, result);
            }
        }
        return response;
    }

    private void Find(
        string topic, ListOffsetsRequest.ListOffsetsPartition asked, ListOffsetsRequest request, short version,
        ListOffsetsResponse.ListOffsetsPartitionResponse result)
    {
        if (asked.Timestamp < 0 && (asked.Timestamp < AskedTimestamps.EarliestPendingUpload || version < FirstVersion[-asked.Timestamp]))
        {
            result.ErrorCode = ErrorCode.UnsupportedVersion;
            return;
        }
        var partition = partitions.Find(topic, asked.PartitionIndex);
        if (partition is null)
        {
            result.ErrorCode = partitions.MissingError(topic, asked.PartitionIndex);
            return;
        }
        var found = partition.FindOffset(asked.Timestamp, request.IsolationLevel == IsolationLevels.ReadCommitted, asked.CurrentLeaderEpoch);
        // What versions before 5 know for it.
        result.ErrorCode = found.Error == ErrorCode.OffsetNotAvailable && version < FirstOfOffsetNotAvailable ? ErrorCode.LeaderNotAvailable : found.Error;
        result.Timestamp = found.Timestamp;
        result.Offset = found.Offset;
        if (version >= 4) result.LeaderEpoch = found.LeaderEpoch;
    }
}
