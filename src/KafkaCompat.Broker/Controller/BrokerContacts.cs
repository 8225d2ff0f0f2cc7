using KafkaCompat.Cluster.Controller;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// When each broker was heard of, noted by whoever brings its heartbeat and not when the controller comes to it. A turn of the controller can last longer than
/// a session, since it waits for the disk and for everybody who follows the metadata; a broker whose heartbeat lies in the mailbox meanwhile, or waits for its
/// answer, has done all that it can, and is not silent.
/// </summary>
/// <remarks>
/// It holds a contact from its heartbeat until it is reported to the controller, so no more than heartbeats come in a turn; and none while this node's
/// controller is inactive and refuses them: one that becomes active gives every broker a whole session.
/// </remarks>
internal sealed class BrokerContacts(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(int BrokerId, long Epoch), Contact> _contacts = [];
    private bool _isActive;

    /// <summary>Contacts that are held.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _contacts.Count;
            }
        }
    }

    /// <summary>This node's controller is active from here on, and hears of contacts.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _isActive = true;
        }
    }

    /// <summary>It is active no more.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isActive = false;
            _contacts.Clear();
        }
    }

    /// <summary>A heartbeat has come.</summary>
    public void Begin(int brokerId, long epoch) => Note(brokerId, epoch, 1);

    /// <summary>It is answered.</summary>
    public void End(int brokerId, long epoch) => Note(brokerId, epoch, -1);

    /// <summary>Reports to the controller every broker that was heard of since the last report.</summary>
    public void ReportTo(ControllerState state)
    {
        lock (_lock)
        {
            var tickMs = clock.TickMs();
            foreach (var (key, contact) in _contacts)
            {
                state.Heard(key.BrokerId, key.Epoch, contact.Waiting > 0 ? tickMs : contact.LastMs);
                if (contact.Waiting == 0)
                {
                    _contacts.Remove(key);
                }
            }
        }
    }

    private void Note(int brokerId, long epoch, int waiting)
    {
        lock (_lock)
        {
            if (!_isActive)
            {
                return;
            }

            // One that is answered now may have come before the controller was active.
            var before = _contacts.GetValueOrDefault((brokerId, epoch)).Waiting;
            _contacts[(brokerId, epoch)] = new Contact(Math.Max(0, before + waiting), clock.TickMs());
        }
    }

    /// <summary>Heartbeats that wait, and when the last one came or was answered.</summary>
    private readonly record struct Contact(int Waiting, long LastMs);
}
