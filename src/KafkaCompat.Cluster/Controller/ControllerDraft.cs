using KafkaCompat.Cluster.Machines;

namespace KafkaCompat.Cluster.Controller;

/// <summary>What of a <see cref="ControllerState"/>'s next state no record says.</summary>
internal abstract class ControllerDraft : Draft
{
    internal abstract void InstallIn(ControllerState state, Now now);
}

/// <summary>A broker was heard of, or, where it is no member any more, is forgotten.</summary>
internal sealed class ContactDraft(int brokerId, bool isMember = true) : ControllerDraft
{
    internal override void InstallIn(ControllerState state, Now now) => state.Contact(brokerId, isMember, now);
}

/// <summary>A client is charged for what its request changes.</summary>
internal sealed class ChargeDraft(MutationQuota quota) : ControllerDraft
{
    internal override void InstallIn(ControllerState state, Now now) => state.Charge(quota, now);
}

/// <summary>The controller has looked at what is due: the sessions as it found them fair, and when it looks again.</summary>
internal sealed class LookDraft(BrokerSessions sessions, long nextNoOpMs) : ControllerDraft
{
    internal override void InstallIn(ControllerState state, Now now) => state.Looked(sessions, nextNoOpMs, now);
}
