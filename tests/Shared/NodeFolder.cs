using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace KafkaCompat.Tests.Shared;

/// <summary>A folder with the <c>server.properties</c> of one node with both roles, and the ports on which it will listen.</summary>
internal sealed record NodeFolder(string File, int Port, int ControllerPort)
{
    public const string ClusterId = "5L6g3nShT-eMCtK--X86sw";

    /// <summary>The script in Kafka's folder that runs Kafka's programs; it becomes the program.</summary>
    public static string Runner(string kafkaFolder) => Path.Combine(kafkaFolder, "kafka");

    /// <summary>Writes the settings of a node; whatever both brokers have a default for is left out, but for <paramref name="more"/>.</summary>
    public static NodeFolder Create(string folder, string more = "")
    {
        var (port, controllerPort) = (FreePort(), FreePort());
        var file = Path.Combine(folder, "server.properties");
        System.IO.File.WriteAllText(
            file,
            $"""
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=localhost:{controllerPort}
            listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controllerPort}
            advertised.listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controllerPort}
            controller.listener.names=CONTROLLER
            log.dirs={folder}/data
            offsets.topic.replication.factor=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            share.coordinator.state.topic.replication.factor=1
            {more}

            """);
        return new NodeFolder(file, port, controllerPort);
    }

    /// <summary>Formats the directory with Kafka's own tool.</summary>
    public void FormatByKafka(string kafkaFolder)
    {
        using var format = Process.Start(
            new ProcessStartInfo(
                "bash", [Runner(kafkaFolder), "kafka-storage", "format", "--standalone", "-t", ClusterId, "-c", File])
            {
                RedirectStandardOutput = true,
            })!;
        format.StandardOutput.ReadToEnd();
        format.WaitForExit();
        if (format.ExitCode != 0)
        {
            throw new InvalidOperationException($"kafka-storage format ended with {format.ExitCode}");
        }
    }

    /// <summary>A port of this machine that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
