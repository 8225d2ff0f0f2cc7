using System.Net;
using System.Text;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Handlers.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>What the log says of clients that do not speak Kafka's protocol, or speak it badly.</summary>
public sealed class ClientFaultTests : ConnectionTests
{
    private readonly Lines _log = new();
    private readonly ClientFaults _faults;

    public ClientFaultTests() => _faults = new ClientFaults(Time);

    private protected override IEnumerable<ServedApi> Served =>
    [
        new ServedApi<ListGroupsRequest, ListGroupsResponse>(0, 5, new NoGroups()),
        new ServedApi<SaslHandshakeRequest, SaslHandshakeResponse>(0, 1, new SaslHandshakeHandler()),
        new ServedApi<SaslAuthenticateRequest, SaslAuthenticateResponse>(0, 2, new SaslAuthenticateHandler()),
    ];

    public static TheoryData<byte[], string> Foreign() => new()
    {
        { [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], "TLS" },
        { [0x16, 0x03, 0x03, 0x00, 0xf0, 0x01], "TLS" },
        { Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), "HTTP," },
        { Encoding.ASCII.GetBytes("POST /topics HTTP/1.1\r\n\r\n"), "HTTP," },
        { Encoding.ASCII.GetBytes("CONNECT a:1 HTTP/1.1\r\n\r\n"), "HTTP," },
        { Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/2," },
        { Encoding.ASCII.GetBytes("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"), "the PROXY protocol" },
        { Encoding.ASCII.GetBytes("SSH-2.0-x\r\n"), "SSH" },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public async Task Another_protocol_is_said_by_name_and_answered_with_nothing(byte[] bytes, string name)
    {
        var client = Connect();
        await client.Send(bytes);
        Assert.Null(await client.Receive());
        await client.Served;
        var line = Assert.Single(_log.At(LogLevel.Warning));
        Assert.Contains($"it speaks {name}", line, StringComparison.Ordinal);
        Assert.Contains("PLAINTEXT", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_wants_to_log_in_is_told_what_to_do_once_a_minute()
    {
        for (var i = 0; i < 3; i++)
        {
            var client = Connect();
            var handshake = await client.Ask<SaslHandshakeRequest, SaslHandshakeResponse>(new() { Mechanism = "SCRAM-SHA-512" }, 1);
            Assert.Equal(ErrorCode.IllegalSaslState, handshake.ErrorCode);
            var login =
                await client.Ask<SaslAuthenticateRequest, SaslAuthenticateResponse>(new() { AuthBytes = Encoding.ASCII.GetBytes("n,,n=alice,r=secret") }, 2);
            Assert.Equal(ErrorCode.IllegalSaslState, login.ErrorCode);
        }
        var line = Assert.Single(_log.At(LogLevel.Warning));
        foreach (var part in new[] { "127.0.0.1", "SCRAM-SHA-512", "PLAINTEXT", "security.protocol" }) Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.DoesNotContain(_log.At(LogLevel.Debug), static one => one.Contains("secret", StringComparison.Ordinal));
        Time.Advance(TimeSpan.FromMinutes(1));
        _ = await Connect().Ask<SaslHandshakeRequest, SaslHandshakeResponse>(new() { Mechanism = "x\ny" }, 0);
        Assert.Contains("with SASL,", _log.At(LogLevel.Warning)[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n,,n=alice,r=fyko", "with SCRAM,")]
    [InlineData("n,a=bob,n=alice,r=fyko", "with SCRAM,")]
    [InlineData("n,,\u0001auth=Bearer x", "with OAUTHBEARER,")]
    [InlineData("nobody speaks so", "is not served")]
    public async Task The_first_message_of_a_login_in_place_of_a_request_is_said_by_name(string message, string expected)
    {
        var bytes = Encoding.ASCII.GetBytes(message);
        await Send([0, 0, 0, (byte)bytes.Length, .. bytes]);
        var line = Assert.Single(_log.At(LogLevel.Warning));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_fault_from_the_same_address_is_a_warning_once_a_minute()
    {
        for (var i = 0; i < 20; i++) await Send([0x7f, 0xff, 0xff, 0xff]);
        Assert.Contains("socket.request.max.bytes", Assert.Single(_log.At(LogLevel.Warning)), StringComparison.Ordinal);
        Assert.Equal(19, _log.At(LogLevel.Debug).Count);

        // Another kind of fault has a line of its own.
        await Send([0, 0, 0, 8, 0x7f, 0, 0, 0, 0, 0, 0, 1]);
        Assert.Equal(2, _log.At(LogLevel.Warning).Count);
        Time.Advance(TimeSpan.FromMinutes(1));
        await Send([0x7f, 0xff, 0xff, 0xff]);
        Assert.Equal(3, _log.At(LogLevel.Warning).Count);
    }

    [Fact]
    public void Addresses_past_the_bound_share_a_warning_until_others_are_forgotten()
    {
        for (var i = 0; i < ClientFaults.MaxRemembered; i++) Assert.Equal(LogLevel.Warning, _faults.LevelOf(new IPAddress(i), "HTTP"));
        Assert.Equal(LogLevel.Warning, _faults.LevelOf(new IPAddress(1_000_000), "HTTP"));
        for (var i = 1; i < 100; i++) Assert.Equal(LogLevel.Debug, _faults.LevelOf(new IPAddress(1_000_000 + i), "HTTP"));
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(LogLevel.Warning, _faults.LevelOf(new IPAddress(2_000_000), "HTTP"));
        Assert.Equal(LogLevel.Warning, _faults.LevelOf(new IPAddress(2_000_001), "HTTP"));
    }

    [Theory]
    [InlineData(LogLevel.Information, 0, 0)]
    [InlineData(LogLevel.Debug, 1, 0)]
    [InlineData(LogLevel.Trace, 1, 2)]
    public async Task A_request_has_a_line_at_debug_and_its_content_at_trace(LogLevel level, int debug, int trace)
    {
        _log.Least = level;
        var client = Connect();
        _ = await client.Ask<ListGroupsRequest, ListGroupsResponse>(new() { StatesFilter = ["Stable"] }, 4);
        Assert.Equal(debug, _log.At(LogLevel.Debug).Count);
        Assert.Equal(trace, _log.At(LogLevel.Trace).Count);
        if (debug > 0)
        {
            var line = _log.At(LogLevel.Debug)[0];
            foreach (var part in new[] { "ListGroups 4", "client test", "127.0.0.1:50000", "memory", "PLAINTEXT", "queue ", "local ", "remote ", "send " })
                Assert.Contains(part, line, StringComparison.Ordinal);
        }
        if (trace > 0) Assert.Contains("Stable", _log.At(LogLevel.Trace)[0], StringComparison.Ordinal);
    }

    private async Task Send(byte[] bytes)
    {
        var client = Connect();
        await client.Send(bytes);
        Assert.Null(await client.Receive());
        await client.Served;
    }

    private MemoryClient Connect() => Connect(ConnectionLimits.Default with { Faults = _faults }, log: _log);

    private sealed class NoGroups : IHandler<ListGroupsRequest, ListGroupsResponse>
    {
        public ValueTask<ListGroupsResponse?> Handle(ListGroupsRequest request, RequestContext context) => new(new ListGroupsResponse());
    }

    private sealed class Lines : ILogger
    {
        private readonly List<(LogLevel Level, string Text)> _lines = [];

        public LogLevel Least { get; set; }

        public IReadOnlyList<string> At(LogLevel level)
        {
            lock (_lines) return [.. _lines.Where(line => line.Level == level).Select(line => line.Text)];
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= Least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines) _lines.Add((logLevel, formatter(state, exception)));
        }
    }
}
