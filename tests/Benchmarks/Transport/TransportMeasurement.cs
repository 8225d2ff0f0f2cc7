using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Server.Transport;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Benchmarks.Transport;

/// <summary>
/// The socket transport alone: clients send length-prefixed frames over loopback, the server answers each with twelve bytes. Prints requests and
/// bytes a second, processor time of the whole process and bytes allocated, for small pipelined requests and for 1 MiB frames.
/// </summary>
internal static class TransportMeasurement
{
    private const int AnswerBytes = 12;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(3);

    public static int Run(string[] args)
    {
        // Sockets read this once; "thread-pool" shows what the runtime does by default.
        if (args is not ["thread-pool"])
        {
            SocketTransport.CompleteInline();
        }

        using var transport = new SocketTransport(new SocketTransportOptions(), TimeProvider.System);
        var listener = transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0)).AsTask().GetAwaiter().GetResult();
        _ = Accept(listener);
        Measure("100 B, 1 in flight", listener.EndPoint, connections: 2, frameBytes: 100, inFlight: 1);
        Measure("100 B, 32 in flight", listener.EndPoint, connections: 2, frameBytes: 100, inFlight: 32);
        Measure("16 KiB, 5 in flight", listener.EndPoint, connections: 2, frameBytes: 16 * 1024, inFlight: 5);
        Measure("1 MiB, 5 in flight", listener.EndPoint, connections: 2, frameBytes: 1024 * 1024, inFlight: 5);
        return 0;
    }

    private static void Measure(string name, EndPoint server, int connections, int frameBytes, int inFlight)
    {
        RunClients(server, connections, frameBytes, inFlight, TimeSpan.FromMilliseconds(300));
        using var process = Process.GetCurrentProcess();
        var (cpu, allocated, begin) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
        var requests = RunClients(server, connections, frameBytes, inFlight, Duration);
        var elapsed = Stopwatch.GetElapsedTime(begin);
        process.Refresh();
        var (cpuUs, bytes) =
            ((process.TotalProcessorTime - cpu).TotalMicroseconds / requests, (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)requests);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-20} {requests / elapsed.TotalSeconds,10:N0} requests/s {requests * (double)frameBytes / elapsed.TotalSeconds / 1e6,8:N0} MB/s "
                + $"{cpuUs,8:N2} µs of both ends a request {bytes,8:N1} B allocated a request"));
    }

    private static long RunClients(EndPoint server, int connections, int frameBytes, int inFlight, TimeSpan duration)
    {
        long total = 0;
        var threads = new List<Thread>();
        for (var i = 0; i < connections; i++)
        {
            var thread = new Thread(() => Interlocked.Add(ref total, Client(server, frameBytes, inFlight, duration)));
            thread.Start();
            threads.Add(thread);
        }

        threads.ForEach(static thread => thread.Join());
        return total;
    }

    private static long Client(EndPoint server, int frameBytes, int inFlight, TimeSpan duration)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(server);
        var burst = frameBytes <= 1024 ? inFlight : 1;
        var frames = new byte[burst * (4 + frameBytes)];
        for (var i = 0; i < burst; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(frames.AsSpan(i * (4 + frameBytes)), frameBytes);
        }

        var answers = new byte[64 * 1024];
        long requests = 0;
        long received = 0;
        var begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < duration)
        {
            while (requests * AnswerBytes - received < inFlight * AnswerBytes)
            {
                socket.Send(frames);
                requests += burst;
            }

            received += socket.Receive(answers);
        }

        return requests;
    }

    private static async Task Accept(IConnectionListener listener)
    {
        while (await listener.AcceptAsync() is { } connection)
        {
            _ = Serve(connection);
        }
    }

    private static async Task Serve(ConnectionContext connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        try
        {
            var needed = 4;
            while (true)
            {
                var result = await input.ReadAtLeastAsync(needed);
                var buffer = result.Buffer;
                needed = 4;
                while (buffer.Length >= 4)
                {
                    var length = Length(buffer);
                    if (buffer.Length < 4 + length)
                    {
                        needed = 4 + length;
                        break;
                    }

                    output.GetSpan(AnswerBytes)[..AnswerBytes].Clear();
                    output.Advance(AnswerBytes);
                    buffer = buffer.Slice(4 + length);
                }

                input.AdvanceTo(buffer.Start, buffer.End);
                var flush = await output.FlushAsync();
                if (flush.IsCompleted || result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
        }

        await connection.DisposeAsync();
    }

    private static int Length(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[4];
        buffer.Slice(0, 4).CopyTo(prefix);
        return BinaryPrimitives.ReadInt32BigEndian(prefix);
    }
}
