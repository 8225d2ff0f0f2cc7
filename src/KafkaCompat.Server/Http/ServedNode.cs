using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Settings;

namespace KafkaCompat.Server.Http;

/// <summary>
/// What is served of a node that has started: its metrics and its health. Made when somebody asks first, so that a node that nobody asks does not pay for it.
/// </summary>
internal sealed class ServedNode : IDisposable
{
    /// <summary>What the names of clients' metrics begin with here.</summary>
    private const string ClientPrefix = "client.";

    private readonly BrokerNode _node;
    private readonly ProcessMetrics _process = new();

    public ServedNode(BrokerNode node)
    {
        _node = node;
        Metrics = node.CreateMetrics(ProgramVersion.Number);
        Text = new PrometheusText(
            [(Metrics.Metrics.Meter, ""), (_process.Metrics.Meter, ""), (node.Broker.Telemetry.Meter.Meter, ClientPrefix)], [ProcessMetrics.RuntimeMeter]);
    }

    public BrokerMetrics Metrics { get; }

    public PrometheusText Text { get; }

    public int NodeId => _node.Broker.Metadata.NodeId;

    public string ClusterId => _node.Broker.Metadata.ClusterId;

    public NodeHealth Health => _node.Health;

    public bool IsAlive => !_node.Completion.IsCompleted;

    public void Dispose()
    {
        Text.Dispose();
        Metrics.Dispose();
        _process.Dispose();
    }
}
