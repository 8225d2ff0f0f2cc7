using System.Collections.Immutable;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// The state of one classic group: who is in it, which generation it is in, who waits for what, and when patience ends.
/// The rules that move it live in <see cref="ClassicRebalance"/> and its neighbours; they work on a <see cref="Copy"/>, a draft
/// that replaces the group when the decision's records are in the log.
///
/// Invariants:
/// Leader ∈ Members ∪ {null};  Members = ∅ ⇔ State ∈ {Empty} (or a draft between two steps);
/// PendingJoins ∩ Members = ∅;  PendingSyncs ⊆ Members;  StaticMembers maps each instance id of Members to its member, and no other;
/// a member holds a JoinTicket only in PreparingRebalance and a SyncTicket only in CompletingRebalance.
/// </summary>
public sealed class ClassicGroup : Group
{
    private readonly OrderedDictionary<string, ClassicMember> _members;
    private readonly Dictionary<string, string> _staticMembers;
    // Shared by drafts: whoever asks for a member id and never comes back must not make every later request copy it.
    private ImmutableDictionary<string, long> _pendingJoins;
    private ImmutableSortedSet<(long Deadline, string MemberId)> _pendingByDeadline;
    private readonly HashSet<string> _pendingSyncs;

    internal ClassicGroup(string groupId, long stateTimestamp) : base(groupId)
    {
        StateTimestamp = stateTimestamp;
        _members = [];
        _staticMembers = [];
        _pendingJoins = ImmutableDictionary<string, long>.Empty;
        _pendingByDeadline = [];
        _pendingSyncs = [];
    }

    private ClassicGroup(ClassicGroup other) : base(other.GroupId)
    {
        State = other.State;
        PreviousState = other.PreviousState;
        StateTimestamp = other.StateTimestamp;
        Generation = other.Generation;
        ProtocolType = other.ProtocolType;
        Protocol = other.Protocol;
        Leader = other.Leader;
        JoinDeadline = other.JoinDeadline;
        SyncDeadline = other.SyncDeadline;
        Initial = other.Initial;
        _members = new OrderedDictionary<string, ClassicMember>(other._members);
        _staticMembers = new Dictionary<string, string>(other._staticMembers);
        _pendingJoins = other._pendingJoins;
        _pendingByDeadline = other._pendingByDeadline;
        _pendingSyncs = [.. other._pendingSyncs];
    }

    /// <inheritdoc/>
    public override GroupType Type => GroupType.Classic;

    /// <inheritdoc/>
    public override string StateName => State.ToString();

    /// <inheritdoc/>
    public override string ProtocolTypeName => ProtocolType ?? "";

    /// <summary>Where the group stands.</summary>
    public ClassicGroupState State { get; private set; }

    /// <summary>The generation that members and commits must name.</summary>
    public int Generation { get; private set; }

    /// <summary>The member that assigns partitions; null where nobody leads.</summary>
    public string? LeaderId => Leader;

    /// <summary>How many members it has.</summary>
    public int MemberCount => _members.Count;

    internal ClassicGroupState PreviousState { get; private set; }

    /// <summary>When the state last changed, in milliseconds since the epoch.</summary>
    internal long StateTimestamp { get; private set; }

    /// <summary>Null for a group that only ever committed offsets.</summary>
    internal string? ProtocolType { get; set; }

    internal string? Protocol { get; set; }

    internal string? Leader { get; private set; }

    /// <summary>When the join phase ends, whoever is missing; set in PreparingRebalance.</summary>
    internal long? JoinDeadline { get; set; }

    /// <summary>When members that have not sent SyncGroup in this generation lose their place.</summary>
    internal long? SyncDeadline { get; set; }

    /// <summary>Set while the first rebalance of an empty group waits for company.</summary>
    internal InitialDelay? Initial { get; set; }

    internal IReadOnlyCollection<string> PendingSyncs => _pendingSyncs;

    internal IList<ClassicMember> Members => _members.Values;

    internal bool IsEmptyForGood => State == ClassicGroupState.Empty && _pendingJoins.Count == 0;

    internal bool HasAllMembersJoined => _pendingJoins.Count == 0 && Members.All(m => m.JoinTicket is not null);

    internal int RebalanceTimeoutMs => _members.Count == 0 ? 0 : Members.Max(m => m.RebalanceTimeoutMs);

    internal ClassicGroup Copy() => new(this);

    /// <summary>
    /// Empty → PreparingRebalance → CompletingRebalance → Stable; from each of the last two back to PreparingRebalance, and from that to Empty.
    /// </summary>
    internal void MoveTo(ClassicGroupState state, Now now)
    {
        Invariant.Holds(
            state switch
            {
                ClassicGroupState.PreparingRebalance => State != ClassicGroupState.PreparingRebalance,
                ClassicGroupState.Stable => State == ClassicGroupState.CompletingRebalance,
                _ => State == ClassicGroupState.PreparingRebalance,
            },
            $"{GroupId}: from {State} it is to become {state}");
        PreviousState = State;
        State = state;
        StateTimestamp = now.WallMs;
    }

    internal ClassicMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    internal string? FindStatic(string groupInstanceId) => _staticMembers.GetValueOrDefault(groupInstanceId);

    internal bool HasPendingJoin(string memberId) => _pendingJoins.ContainsKey(memberId);

    /// <summary>Remembers an id that was given out. Where that is one too many, the one that would expire first is forgotten.</summary>
    internal void AddPendingJoin(string memberId, long deadline)
    {
        _ = RemovePendingJoin(memberId);
        if (_pendingJoins.Count >= GroupSettings.MaxPendingJoins)
            _ = RemovePendingJoin(_pendingByDeadline.Min.MemberId);
        _pendingJoins = _pendingJoins.Add(memberId, deadline);
        _pendingByDeadline = _pendingByDeadline.Add((deadline, memberId));
    }

    internal bool RemovePendingJoin(string memberId)
    {
        if (!_pendingJoins.TryGetValue(memberId, out var deadline))
            return false;
        _pendingJoins = _pendingJoins.Remove(memberId);
        _pendingByDeadline = _pendingByDeadline.Remove((deadline, memberId));
        return true;
    }

    /// <summary>Forgets one id whose time is over, if there is one.</summary>
    internal bool RemoveExpiredPendingJoin(Now now) =>
        _pendingByDeadline.Count > 0 && _pendingByDeadline.Min is var first && first.Deadline <= now.TickMs && RemovePendingJoin(first.MemberId);

    internal void Add(ClassicMember member)
    {
        _members.Add(member.MemberId, member);
        if (member.GroupInstanceId is { } instance)
            _staticMembers[instance] = member.MemberId;
        Leader ??= member.MemberId;
    }

    internal void Update(ClassicMember member) => _members[member.MemberId] = member;

    internal void Remove(ClassicMember member)
    {
        _ = _members.Remove(member.MemberId);
        if (member.GroupInstanceId is { } instance)
            _ = _staticMembers.Remove(instance);
        _ = _pendingSyncs.Remove(member.MemberId);
        if (Leader == member.MemberId)
            Leader = _members.Count == 0 ? null : _members.GetAt(0).Key;
    }

    /// <summary>A sign of life.</summary>
    internal void Touch(string memberId, Now now)
    {
        if (_members.TryGetValue(memberId, out var member))
            _members[memberId] = member with { SessionDeadline = now.After(member.SessionTimeoutMs) };
    }

    /// <summary>A static member came back under a new id: it takes the old one's place, assignment and leadership.</summary>
    internal ClassicMember ReplaceStatic(ClassicMember old, string memberId)
    {
        var place = _members.IndexOf(old.MemberId);
        var renamed = old with { MemberId = memberId, JoinTicket = null, SyncTicket = null };
        _members.RemoveAt(place);
        _members.Insert(place, memberId, renamed);
        _staticMembers[old.GroupInstanceId!] = memberId;
        if (Leader == old.MemberId)
            Leader = memberId;
        if (_pendingSyncs.Remove(old.MemberId))
            _ = _pendingSyncs.Add(memberId);
        return renamed;
    }

    /// <summary>Makes sure that the leader is one that has joined. False if nobody has, or the group has nobody.</summary>
    internal bool ElectJoinedLeader()
    {
        if (Leader is null)
            return false;
        if (_members[Leader].JoinTicket is not null)
            return true;
        var candidate = Members.FirstOrDefault(m => m.JoinTicket is not null);
        if (candidate is null)
            return false;
        Leader = candidate.MemberId;
        return true;
    }

    internal void AwaitSyncFromAll(long deadline)
    {
        _pendingSyncs.Clear();
        foreach (var member in Members)
            _ = _pendingSyncs.Add(member.MemberId);
        SyncDeadline = deadline;
    }

    internal void SyncReceived(string memberId)
    {
        _ = _pendingSyncs.Remove(memberId);
        if (_pendingSyncs.Count == 0)
            SyncDeadline = null;
    }

    internal void StopAwaitingSync()
    {
        _pendingSyncs.Clear();
        SyncDeadline = null;
    }

    /// <summary>Whether a member of this type that offers these protocols could rebalance with the ones that are here.</summary>
    internal bool Supports(string protocolType, ImmutableArray<MemberProtocol> protocols)
    {
        if (_members.Count == 0)
            return protocolType.Length > 0 && protocols.Length > 0;
        if (protocolType != ProtocolType)
            return false;
        var common = OfferedByAll();
        return protocols.Any(protocol => common.Contains(protocol.Name));
    }

    /// <summary>A request can name a hundred thousand protocols, so members are not compared with each other one by one.</summary>
    private HashSet<string> OfferedByAll()
    {
        HashSet<string>? common = null;
        foreach (var member in Members)
        {
            var names = member.Protocols.Select(static protocol => protocol.Name);
            if (common is null) common = new HashSet<string>(names, StringComparer.Ordinal);
            else common.IntersectWith(names);
        }
        return common ?? [];
    }

    /// <summary>
    /// The protocol that all support and most prefer. Of equals it is the one that comes first in Java's hash table, which is how Kafka counts
    /// the votes: a group must not change its protocol because its coordinator did.
    /// </summary>
    internal string? SelectProtocol()
    {
        var votes = new OrderedDictionary<string, int>();
        var common = OfferedByAll();
        foreach (var member in Members)
        {
            foreach (var offered in member.Protocols)
            {
                if (!common.Contains(offered.Name))
                    continue;
                votes[offered.Name] = votes.GetValueOrDefault(offered.Name) + 1;
                break;
            }
        }
        return votes.OrderByDescending(vote => vote.Value).ThenBy(vote => JavaHash.Place(vote.Key)).Select(vote => vote.Key).FirstOrDefault();
    }

    /// <summary>The earliest moment at which <see cref="ClassicExpiry"/> has something to do, or null.</summary>
    internal long? NextDeadline()
    {
        var next = JoinDeadline ?? long.MaxValue;
        if (SyncDeadline is { } sync)
            next = Math.Min(next, sync);
        if (_pendingByDeadline.Count > 0)
            next = Math.Min(next, _pendingByDeadline.Min.Deadline);
        foreach (var member in Members)
            next = Math.Min(next, member.SessionDeadline);
        return next == long.MaxValue ? null : next;
    }

    /// <summary>The durable part: what a record of this group holds.</summary>
    internal GroupMetadataValue ToValue() => new()
    {
        ProtocolType = ProtocolType ?? "",
        Generation = Generation,
        Protocol = Protocol,
        Leader = Leader,
        CurrentStateTimestamp = StateTimestamp,
        Members = [.. Members.Select(member => new GroupMetadataValue.MemberMetadata
        {
            MemberId = member.MemberId,
            GroupInstanceId = member.GroupInstanceId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            RebalanceTimeout = member.RebalanceTimeoutMs,
            SessionTimeout = member.SessionTimeoutMs,
            Subscription = member.MetadataFor(Protocol),
            Assignment = member.Assignment,
        })],
    };

    /// <summary>The next generation. Behind the last number comes the first, which this group had two thousand million rebalances ago.</summary>
    internal void BeginGeneration() => Generation = Generation == int.MaxValue ? 1 : Generation + 1;

    /// <summary>The group as its record says, with nobody waiting; sessions begin when the shard has loaded.</summary>
    internal static ClassicGroup FromValue(string groupId, GroupMetadataValue value)
    {
        var group = new ClassicGroup(groupId, value.CurrentStateTimestamp)
        {
            // Clients take a negative one for none. No coordinator writes one, and an admin client may.
            Generation = Math.Max(0, value.Generation),
            ProtocolType = value.ProtocolType.Length == 0 ? null : value.ProtocolType,
            Protocol = value.Protocol,
        };
        foreach (var member in value.Members)
        {
            if (group._members.ContainsKey(member.MemberId))
                throw new WireFormatException($"group {groupId} names member {member.MemberId} twice");
            group.Add(new ClassicMember
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                // Before version 1 of the value there was only one timeout.
                RebalanceTimeoutMs = member.RebalanceTimeout == -1 ? member.SessionTimeout : member.RebalanceTimeout,
                SessionTimeoutMs = member.SessionTimeout,
                Protocols = [new MemberProtocol(value.Protocol ?? "", member.Subscription)],
                Assignment = member.Assignment,
                SessionDeadline = long.MaxValue,
            });
        }
        if (value.Leader is { } leader && group._members.ContainsKey(leader))
            group.Leader = leader;
        if (value.Members.Count > 0)
            group.State = ClassicGroupState.Stable;
        group.PreviousState = group.State;
        return group;
    }

    /// <summary>The wait of the first rebalance: it goes on in steps while members keep coming, as long as anything remains.</summary>
    internal readonly record struct InitialDelay(long StepMs, long RemainingMs, bool NewMemberAdded);
}
