using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using KafkaCompat.Broker;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// The composition of a running node: clock, randomness, log, disk, transport and the node between them. Ports are bound before the node opens
/// its directories, so that a second start on the same port changes nothing; connections are accepted once the node is ready.
/// </summary>
internal static class NodeHost
{
    /// <summary>Runs a node until a signal ends it.</summary>
    public static async Task Run(ServerConfig config)
    {
        var time = TimeProvider.System;
        using var logs = new ConsoleLoggerFactory(
            Console.Error, ConsoleLoggerFactory.LevelOf(Environment.GetEnvironmentVariable("KAFKA_LOG_LEVEL")), time);
        var logger = logs.CreateLogger("kafkacompat");
        using var stop = new StopSignals();
        using var transport = new SocketTransport(TransportOptions(config), time);
        var listeners = new List<BoundListener>();
        try
        {
            foreach (var endpoint in config.Listeners.All)
            {
                listeners.Add(await BoundListener.Bind(endpoint, transport).ConfigureAwait(false));
            }

            config = config.WithBoundPorts(listeners.ToDictionary(static listener => listener.Endpoint.Name, static listener => listener.Endpoint.Port));
            await using var node = await BrokerNode.StartAsync(config, new DiskFileStore(), time, new Random(), logs).ConfigureAwait(false);
            var acceptor = new ConnectionAcceptor(config, (connection, listener) => node.Serve(connection, listener.Name), logger);
            foreach (var listener in listeners)
            {
                foreach (var socket in listener.Sockets)
                {
                    HostLog.Bound(logger, listener.Endpoint.Name, socket.EndPoint);
                    _ = acceptor.Accept(listener, socket);
                }
            }

            Console.Out.WriteLine(ReadyLine(config));
            var ended = await Task.WhenAny(stop.Received, node.Completion).ConfigureAwait(false);
            HostLog.Stopping(logger, ended == stop.Received ? await stop.Received.ConfigureAwait(false) : "the quorum has ended");
            foreach (var listener in listeners)
            {
                await listener.DisposeAsync().ConfigureAwait(false);
            }

            transport.AbortConnections();

            // Where the quorum has failed, its failure is what the user is told.
            await ended.ConfigureAwait(false);
        }
        finally
        {
            foreach (var listener in listeners)
            {
                await listener.DisposeAsync().ConfigureAwait(false);
            }

            transport.AbortConnections();
        }
    }

    private static SocketTransportOptions TransportOptions(ServerConfig config) => new()
    {
        Backlog = config.GetInt("socket.listen.backlog.size"),

        // Kafka's default of 100 KiB would switch the system's own adaption off; only what a user wrote is passed on.
        SendBufferBytes = config.IsSet("socket.send.buffer.bytes") ? config.GetInt("socket.send.buffer.bytes") : 0,
        ReceiveBufferBytes = config.IsSet("socket.receive.buffer.bytes") ? config.GetInt("socket.receive.buffer.bytes") : 0,
    };

    private static string ReadyLine(ServerConfig config)
    {
        using var process = Process.GetCurrentProcess();
        var tookMs = (DateTime.Now - process.StartTime).TotalMilliseconds;
        var addresses = string.Join(", ", config.Listeners.OfBroker.DefaultIfEmpty(config.Listeners.All[0]).Select(static listener => listener.Address));
        var directories = string.Join(", ", config.LogDirs.Select(Path.GetFullPath));
        return string.Create(CultureInfo.InvariantCulture, $"kafkacompat node {config.NodeId} on {addresses}, data in {directories}, started in {tookMs:F0} ms");
    }

    /// <summary>SIGTERM and SIGINT. The first one asks for an orderly end; after it signals do what they do by default.</summary>
    private sealed class StopSignals : IDisposable
    {
        private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly PosixSignalRegistration[] _registrations;

        public StopSignals() => _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        ];

        public Task<string> Received => _received.Task;

        public void Dispose()
        {
            foreach (var registration in _registrations)
            {
                registration.Dispose();
            }
        }

        private void OnSignal(PosixSignalContext context) => context.Cancel = _received.TrySetResult(context.Signal.ToString());
    }
}
