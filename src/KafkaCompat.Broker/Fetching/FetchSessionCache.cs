using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Fetching;

/// <summary>
/// The node's fetch sessions, at most <c>max.incremental.fetch.session.cache.slots</c>. With all slots taken a session
/// that rested for two minutes gives way; else the newcomer goes without (session id 0), which every client understands.
/// </summary>
internal sealed class FetchSessionCache(int maxSessions, Random random, TimeProvider time)
{
    /// <summary>Kafka's <c>min.incremental.fetch.session.eviction.ms</c>, which is no setting of 4.4 either.</summary>
    private const long MinIdleBeforeEvictionMs = 120_000;

    /// <summary>
    /// Partitions that all sessions keep together. A session that would go past it ends: its client goes on with full fetches. Kafka has no such bound, and
    /// partitions need not exist to be kept.
    /// </summary>
    public const int MaxPartitions = 500_000;

    private const int InitialEpoch = 0;
    private const int FinalEpoch = -1;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
    private long _weight;

    public int Count
    {
        get { lock (_lock) return _sessions.Count; }
    }

    /// <summary>Finds or opens what a request fetches, with its changes taken over. The partitions are in the order of their turn.</summary>
    public FetchScope Open(FetchRequest request, short version, Func<Uuid, string?> nameOf)
    {
        var usesTopicIds = version >= 13;
        if (request.SessionEpoch is InitialEpoch or FinalEpoch)
        {
            // A full fetch. One that names a session ends it: the client starts over.
            if (request.SessionId != 0) Remove(request.SessionId);
            var session = request.SessionEpoch == InitialEpoch ? TryCreate(usesTopicIds) : null;
            if (session is null) return new FetchScope(ErrorCode.None, null, false, Full(request, usesTopicIds, nameOf));
            lock (session.Gate)
            {
                session.Update(request, nameOf);
                return new FetchScope(ErrorCode.None, HasRoomFor(session) ? session : null, false, Copy(session, nameOf));
            }
        }
        return Continue(request, usesTopicIds, nameOf);
    }

    private FetchScope Continue(FetchRequest request, bool usesTopicIds, Func<Uuid, string?> nameOf)
    {
        FetchSession? session;
        lock (_lock) _ = _sessions.TryGetValue(request.SessionId, out session);
        if (session is null) return FetchScope.Refused(ErrorCode.FetchSessionIdNotFound);
        lock (session.Gate)
        {
            if (session.NextEpoch != request.SessionEpoch) return FetchScope.Refused(ErrorCode.InvalidFetchSessionEpoch);
            if (session.UsesTopicIds != usesTopicIds) return FetchScope.Refused(ErrorCode.FetchSessionTopicIdError);
            session.Update(request, nameOf);
            if (!HasRoomFor(session)) return FetchScope.Refused(ErrorCode.FetchSessionIdNotFound);
            if (session.Count == 0)
            {
                Remove(session.Id);
                return new FetchScope(ErrorCode.None, null, false, []);
            }
            session.Advance();
            session.LastUsedMs = NowMs();
            return new FetchScope(ErrorCode.None, session, true, Copy(session, nameOf));
        }
    }

    private FetchSession? TryCreate(bool usesTopicIds)
    {
        var now = NowMs();
        lock (_lock)
        {
            if (_sessions.Count >= maxSessions && !EvictOne(now)) return null;
            int id;
            do id = random.Next(1, int.MaxValue);
            while (_sessions.ContainsKey(id));
            var session = new FetchSession(id, usesTopicIds) { LastUsedMs = now };
            _sessions.Add(id, session);
            return session;
        }
    }

    private bool EvictOne(long now)
    {
        FetchSession? oldest = null;
        foreach (var session in _sessions.Values)
        {
            if (oldest is null || session.LastUsedMs < oldest.LastUsedMs) oldest = session;
        }
        return oldest is not null && now - oldest.LastUsedMs >= MinIdleBeforeEvictionMs && End(oldest.Id);
    }

    public void Remove(int id)
    {
        lock (_lock) _ = End(id);
    }

    /// <summary>Counts what a session keeps now; false where that is too much, and the session is gone. Its gate is held.</summary>
    private bool HasRoomFor(FetchSession session)
    {
        lock (_lock)
        {
            // It may have been ended from another connection.
            if (!_sessions.ContainsKey(session.Id)) return true;
            _weight += session.Weight - session.CountedWeight;
            session.CountedWeight = session.Weight;
            if (_weight <= MaxPartitions) return true;
            _ = End(session.Id);
            return false;
        }
    }

    private bool End(int id)
    {
        if (!_sessions.Remove(id, out var session)) return false;
        _weight -= session.CountedWeight;
        return true;
    }

    private static FetchPartition[] Copy(FetchSession session, Func<Uuid, string?> nameOf)
    {
        var partitions = new FetchPartition[session.Count];
        var i = 0;
        foreach (var partition in session)
        {
            partition.Topic ??= nameOf(partition.TopicId);
            partitions[i++] = partition;
        }
        return partitions;
    }

    private static FetchPartition[] Full(FetchRequest request, bool usesTopicIds, Func<Uuid, string?> nameOf)
    {
        var count = 0;
        foreach (var topic in request.Topics) count += topic.Partitions.Count;
        var partitions = new FetchPartition[count];
        var seen = count > 1 ? new Dictionary<FetchPartitionKey, int>(count) : null;
        var i = 0;
        foreach (var topic in request.Topics)
        {
            var name = usesTopicIds ? nameOf(topic.TopicId) : topic.Topic;
            foreach (var asked in topic.Partitions)
            {
                var partition = new FetchPartition(topic.TopicId, name, asked.Partition);
                FetchSession.Set(partition, asked);

                // One that is named twice is fetched once, where it was named first and as it was named last.
                var key = new FetchPartitionKey(usesTopicIds ? topic.TopicId : Uuid.Zero, usesTopicIds ? null : name, asked.Partition);
                if (seen is not null && !seen.TryAdd(key, i)) partitions[seen[key]] = partition;
                else partitions[i++] = partition;
            }
        }
        return i == count ? partitions : partitions[..i];
    }

    private long NowMs() => time.TickMs();
}
