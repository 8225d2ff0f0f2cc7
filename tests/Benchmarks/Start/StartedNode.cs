using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Start;

/// <summary>A broker in a process of its own that answers.</summary>
internal sealed class StartedNode : IDisposable
{
    private StartedNode(NodeProcess process, int port) => (Process, Port) = (process, port);

    public NodeProcess Process { get; }

    public int Port { get; }

    /// <summary>Starts a program of ours on a new folder.</summary>
    public static StartedNode Of(string program, string folder, string settings, TimeSpan patience)
    {
        var node = NodeFolder.Create(folder, settings);
        return Answering(program, [node.File], node, patience);
    }

    /// <summary>Starts Apache Kafka on a new folder, formatted by its own tool.</summary>
    public static StartedNode OfKafka(string kafkaFolder, string folder, string settings, TimeSpan patience)
    {
        var node = NodeFolder.Create(folder, settings);
        node.FormatByKafka(kafkaFolder);
        return Answering("bash", [NodeFolder.Runner(kafkaFolder), "kafka-server-start", node.File], node, patience);
    }

    /// <summary>Starts a program, and waits until it answers. Throws with what it printed where it does not.</summary>
    public static StartedNode Answering(string program, IEnumerable<string> arguments, NodeFolder folder, TimeSpan patience)
    {
        var process = new NodeProcess(program, arguments, Path.GetDirectoryName(folder.File)!);
        try
        {
            process.WaitForAnswer(folder.Port, patience);
            return new StartedNode(process, folder.Port);
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    public void Dispose() => Process.Dispose();
}
