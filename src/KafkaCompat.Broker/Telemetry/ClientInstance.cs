namespace KafkaCompat.Broker.Telemetry;

/// <summary>What is remembered of a client that pushes metrics. Times are the node's, in milliseconds.</summary>
internal sealed class ClientInstance(ClientTraits client, ClientSubscription subscription)
{
    private const long Never = -1;

    private long _lastGetMs = Never;
    private long _lastPushMs = Never;
    private bool _mayAskAtOnce;

    public ClientTraits Client { get; } = client;

    public ClientSubscription Subscription { get; } = subscription;

    /// <summary>It said that its last push was the last.</summary>
    public bool IsTerminating { get; set; }

    public long LastHeardMs => Math.Max(_lastGetMs, _lastPushMs);

    /// <summary>A question counts where the interval is over since the client was heard last, or if an answer asked it to ask again.</summary>
    public bool TryGet(long nowMs)
    {
        if (LastHeardMs != Never && !_mayAskAtOnce && nowMs - LastHeardMs < Subscription.IntervalMs) return false;
        (_lastGetMs, _mayAskAtOnce) = (nowMs, false);
        return true;
    }

    /// <summary>The first push after a question counts at once, later ones where the interval is over.</summary>
    public bool TryPush(long nowMs)
    {
        if (_lastPushMs != Never && _lastGetMs <= _lastPushMs && nowMs - _lastPushMs < Subscription.IntervalMs) return false;
        _lastPushMs = nowMs;
        return true;
    }

    /// <summary>The answer has the client ask for its subscription again.</summary>
    public void SendBack() => _mayAskAtOnce = true;

    /// <summary>Goes on under another subscription.</summary>
    public ClientInstance Under(ClientSubscription subscription) =>
        new(Client, subscription) { _lastGetMs = _lastGetMs, _lastPushMs = _lastPushMs, _mayAskAtOnce = true, IsTerminating = IsTerminating };
}
