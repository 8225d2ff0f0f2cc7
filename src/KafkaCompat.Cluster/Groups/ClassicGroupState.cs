namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// The states of a classic group and the way between them:
/// <code>
///              first member joins                   all joined, or time is up
///   Empty ───────────────────────► PreparingRebalance ─────────────► CompletingRebalance
///     ▲                              │  ▲   ▲                            │   │
///     │     nobody is left           │  │   └── a member joins or goes ──┘   │ the leader's assignment
///     └──────────────────────────────┘  └─────── a member joins or goes ── Stable ◄┘
/// </code>
/// A group that has been deleted is simply gone; describing it answers Kafka's fifth state, Dead.
/// </summary>
public enum ClassicGroupState
{
    /// <summary>No members; perhaps committed offsets.</summary>
    Empty,

    /// <summary>Members are asked to join again; those that have wait for the rest.</summary>
    PreparingRebalance,

    /// <summary>The generation has begun; its leader computes the assignment.</summary>
    CompletingRebalance,

    /// <summary>Every member can have its assignment.</summary>
    Stable,
}
