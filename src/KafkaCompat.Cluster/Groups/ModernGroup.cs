namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// A consumer, share or streams group that a loaded log holds. This broker does not serve their protocols: it keeps their records
/// where they are and knows just enough to list them as Kafka does, to refuse members of the classic protocol, and to keep their
/// offsets alive. Nobody can send heartbeats for the members of a consumer group, so their sessions end once after the log was loaded, and then
/// members of the classic protocol can take the group over.
///
/// State, from Kafka's records: no members → Empty; the group's epoch is ahead of the target assignment's → Assigning; a member has not
/// reached the target's epoch, or still gives up or awaits partitions → Reconciling; else Stable. A share group is Empty or Stable.
/// </summary>
public sealed class ModernGroup(string groupId, GroupType type) : Group(groupId)
{
    // A streams group counts the states of its members from 1.
    private readonly sbyte _stableMember = type == GroupType.Streams ? (sbyte)1 : (sbyte)0;
    private readonly Dictionary<string, Member> _members = [];

    /// <inheritdoc/>
    public override GroupType Type { get; } = type;

    /// <inheritdoc/>
    public override string ProtocolTypeName => Type switch
    {
        GroupType.Share => "share",
        GroupType.Streams => "streams",
        _ => "consumer",
    };

    /// <inheritdoc/>
    public override string StateName
    {
        get
        {
            if (_members.Count == 0)
                return "Empty";
            if (Type == GroupType.Share)
                return "Stable";
            if (Epoch > AssignmentEpoch)
                return "Assigning";
            foreach (var member in _members.Values)
            {
                if (member.Epoch != AssignmentEpoch || member.State != _stableMember)
                    return "Reconciling";
            }
            return "Stable";
        }
    }

    /// <summary>Whether members hold it.</summary>
    public bool HasMembers => _members.Count > 0;

    internal IEnumerable<string> MemberIds => _members.Keys;

    internal int Epoch { get; set; }

    internal int AssignmentEpoch { get; set; }

    internal void AddMember(string memberId) => _ = _members.TryAdd(memberId, default);

    internal void RemoveMember(string memberId) => _ = _members.Remove(memberId);

    internal void SetMember(string memberId, int epoch, sbyte state)
    {
        // After compaction a member's current assignment can outlive the member's own record; it does not make a member.
        if (_members.ContainsKey(memberId))
            _members[memberId] = new Member(epoch, state);
    }

    internal bool TryGetMemberEpoch(string memberId, out int epoch)
    {
        var found = _members.TryGetValue(memberId, out var member);
        epoch = member.Epoch;
        return found;
    }

    private readonly record struct Member(int Epoch, sbyte State);
}
