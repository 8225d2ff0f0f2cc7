using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Broker.Tests.Peers;

/// <summary>A node in memory whose answers the test writes; it refuses connections for as long as it is told to.</summary>
internal sealed class ScriptedPeer : IConnectionFactory
{
    private readonly Channel<End> _accepted = Channel.CreateUnbounded<End>();

    /// <summary>Whether connections are refused.</summary>
    public bool IsDown { get; set; }

    /// <summary>Connections that were tried.</summary>
    public int Tried { get; private set; }

    public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Tried++;
        if (IsDown) throw new IOException("refused");
        var connection = new MemoryConnection();
        _ = _accepted.Writer.TryWrite(new End(connection));
        return new(connection);
    }

    /// <summary>The next connection.</summary>
    public ValueTask<End> Accept() => _accepted.Reader.ReadAsync();

    /// <summary>The next connection, which is told what is served.</summary>
    public async Task<End> Greet(params (ApiKey Key, short Min, short Max)[] served)
    {
        var end = await Accept();
        var asked = await end.Read();
        var answer = new ApiVersionsResponse();
        foreach (var (key, min, max) in served.Append((ApiKey.ApiVersions, (short)0, (short)5)))
        {
            answer.ApiKeys.Add(new() { ApiKey = (short)key, MinVersion = min, MaxVersion = max });
        }
        await end.Answer(asked, answer);
        return end;
    }

    /// <summary>A request as it came.</summary>
    internal sealed record Asked(ApiKey Key, short Version, int CorrelationId, byte[] Frame);

    /// <summary>The peer's end of one connection.</summary>
    internal sealed class End(MemoryConnection connection)
    {
        private PipeReader Input => connection.Client.Input;

        /// <summary>The next request; null where the connection was closed.</summary>
        public async Task<Asked?> TryRead()
        {
            while (true)
            {
                ReadResult result;
                try
                {
                    result = await Input.ReadAsync();
                }
                catch (Exception e) when (e is IOException or InvalidOperationException)
                {
                    return null;
                }
                var reader = new SequenceReader<byte>(result.Buffer);
                if (reader.TryReadBigEndian(out int length) && reader.Remaining >= length)
                {
                    var frame = result.Buffer.Slice(4, length).ToArray();
                    Input.AdvanceTo(result.Buffer.GetPosition(4 + length));
                    var (key, version) = (BinaryPrimitives.ReadInt16BigEndian(frame), BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(2)));
                    return new Asked((ApiKey)key, version, BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4)), frame);
                }
                if (result.IsCompleted) return null;
                Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }

        public async Task<Asked> Read() => await TryRead() ?? throw new InvalidOperationException("The connection was closed instead of a request.");

        /// <summary>Answers, in the version of the request or in another.</summary>
        public Task Answer(Asked asked, IResponse response, short? version = null)
        {
            var buffer = new ArrayBufferWriter<byte>();
            var writer = new WireWriter(buffer);
            writer.WriteInt32(asked.CorrelationId);
            if (ApiCatalog.Get(asked.Key).ResponseHeaderVersion(asked.Version) >= 1) writer.WriteTagCount(0);
            response.Write(ref writer, version ?? asked.Version);
            writer.Flush();
            return Send(buffer.WrittenSpan.ToArray());
        }

        /// <summary>Sends a frame.</summary>
        public async Task Send(byte[] frame)
        {
            var bytes = new byte[4 + frame.Length];
            BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
            frame.CopyTo(bytes, 4);
            _ = await connection.Client.Output.WriteAsync(bytes);
        }

        /// <summary>Sends bytes as they are.</summary>
        public async Task SendRaw(byte[] bytes) => _ = await connection.Client.Output.WriteAsync(bytes);

        public void Close() => connection.Client.Output.Complete();

        public void Reset() => connection.Lose();
    }
}
