using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Broker.Peers;

/// <summary>
/// This node's way to another one, for one purpose. It connects when it is first asked, and again when the connection was lost, after a pause that grows
/// with each failure. The first request of a connection is ApiVersions; every other goes in the newest version that both know. Requests may overlap: they
/// are answered in order. One that is not answered in time ends the connection, as with Kafka's own client.
/// </summary>
/// <remarks>What a peer answers is as foreign as what a client asks: it is bounded in size, and whatever is no answer ends the connection.</remarks>
public sealed class PeerConnection : IAsyncDisposable
{
    /// <summary>What part of a pause chance adds or takes, so that nodes do not come back all at once.</summary>
    private const double Jitter = 0.2;

    private readonly PeerAddress _address;
    private readonly IConnectionFactory _connections;
    private readonly PeerSettings _settings;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private Task<PeerSession>? _connecting;
    private PeerSession? _open;
    private int _failures;

    /// <summary>Makes the way; nothing is connected yet. <paramref name="random"/> is this connection's own.</summary>
    public PeerConnection(PeerAddress address, IConnectionFactory connections, PeerSettings settings, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(settings);
        _address = address;
        _connections = connections;
        _settings = settings;
        _time = time;
        _random = random;
    }

    /// <summary>
    /// The peer's answer, in the newest version of the request that both know and that is no newer than <paramref name="maxVersion"/>. Throws
    /// <see cref="PeerException"/>.
    /// </summary>
    public async Task<TResponse> Ask<TResponse>(IRequestFor<TResponse> request, short maxVersion = short.MaxValue)
        where TResponse : class, IResponse<TResponse>
    {
        ArgumentNullException.ThrowIfNull(request);
        var (session, version, body) = await Exchange(request, maxVersion);
        try
        {
            var reader = new WireReader(body);
            return TResponse.Read(ref reader, version);
        }
        catch (WireFormatException malformed)
        {
            throw Malformed(session, request.Key, malformed);
        }
    }

    /// <summary>As <see cref="Ask"/>, for whoever has a request of any key.</summary>
    public async Task<IResponse> AskAny(IRequest request, short maxVersion = short.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (session, version, body) = await Exchange(request, maxVersion);
        try
        {
            var reader = new WireReader(body);
            return ApiCatalog.ReadResponse(request.Key, ref reader, version);
        }
        catch (WireFormatException malformed)
        {
            throw Malformed(session, request.Key, malformed);
        }
    }

    private async Task<(PeerSession Session, short Version, ReadOnlyMemory<byte> Body)> Exchange(IRequest request, short maxVersion)
    {
        PeerSession session;
        using (var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(_settings.RequestTimeoutMs), _time))
        {
            session = await Session(patience.Token);
        }

        var version = session.Versions!.NewestOf(request.Key, maxVersion)
            ?? throw new PeerException(
                PeerFault.UnsupportedVersion, mayHaveArrived: false, $"{_address} knows no version of {request.Key} that this node knows.");
        // Its own time: what was left of that would end the connection for others too.
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(_settings.RequestTimeoutMs), _time);
        return (session, version, await Body(session, request, version, deadline.Token));
    }

    private async Task<PeerSession> Session(CancellationToken patience)
    {
        try
        {
            return await Session().WaitAsync(patience);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new PeerException(PeerFault.TimedOut, mayHaveArrived: false, $"{_address} could not be reached within {_settings.RequestTimeoutMs} ms.");
        }
    }

    /// <summary>Closes the connection; whoever waits for an answer hears that.</summary>
    public async ValueTask DisposeAsync()
    {
        Task connecting;
        lock (_gate)
        {
            if (_closing.IsCancellationRequested)
            {
                return;
            }

            _closing.Cancel();
            connecting = _connecting ?? Task.CompletedTask;
        }

        await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_open is not null)
        {
            await _open.DisposeAsync();
        }

        _closing.Dispose();
    }

    private async Task<ReadOnlyMemory<byte>> Body(PeerSession session, IRequest request, short version, CancellationToken deadline)
    {
        try
        {
            return await session.Ask(request, version).WaitAsync(deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            var message = $"{_address} did not answer {request.Key} in time.";
            session.End(PeerFault.TimedOut, message);
            throw new PeerException(PeerFault.TimedOut, mayHaveArrived: true, message);
        }
    }

    private PeerException Malformed(PeerSession session, ApiKey key, WireFormatException malformed)
    {
        var message = $"{_address} sent what is no answer to {key}: {malformed.Message}";
        session.End(PeerFault.Malformed, message, malformed);
        return new PeerException(PeerFault.Malformed, mayHaveArrived: true, message, malformed);
    }

    /// <summary>The open connection, or one that comes about.</summary>
    private Task<PeerSession> Session()
    {
        lock (_gate)
        {
            if (_closing.IsCancellationRequested)
            {
                return Task.FromException<PeerSession>(Closed(null));
            }

            if (_open is { Ended.IsCompleted: false })
            {
                return Task.FromResult(_open);
            }

            if (_connecting is null || _connecting.IsCompleted)
            {
                _connecting = Open(isAgain: _connecting is not null);
            }

            return _connecting;
        }
    }

    private async Task<PeerSession> Open(bool isAgain)
    {
        // Not on the thread that asks, and not under the lock.
        await Task.Yield();
        PeerSession? session = null;
        try
        {
            if (_open is not null)
            {
                await _open.DisposeAsync();
            }

            if (isAgain)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(NextPauseMs()), _time, _closing.Token);
            }

            using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(_settings.ConnectTimeoutMs), _time);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, timeout.Token);
            var connection = await _connections.ConnectAsync(_address.EndPoint, deadline.Token);
            session = new PeerSession(connection, _address, _settings.ClientId);
            session.Versions = await Greet(session, deadline.Token);
            _failures = 0;
            lock (_gate)
            {
                _open = session;
            }

            return session;
        }
        catch (Exception failure)
        {
            if (session is not null)
            {
                await session.DisposeAsync();
            }

            throw failure switch
            {
                _ when _closing.IsCancellationRequested => Closed(failure),
                PeerException => failure,
                OperationCanceledException => new PeerException(
                    PeerFault.TimedOut, mayHaveArrived: false, $"{_address} could not be reached within {_settings.ConnectTimeoutMs} ms.", failure),
                _ => new PeerException(PeerFault.Unreachable, mayHaveArrived: false, $"{_address} could not be reached: {failure.Message}", failure),
            };
        }
    }

    /// <summary>Asks what the peer serves, in a version that it knows.</summary>
    private async Task<PeerVersions> Greet(PeerSession session, CancellationToken deadline)
    {
        var version = ApiCatalog.Get(ApiKey.ApiVersions).Versions.Max;
        while (true)
        {
            var request = new ApiVersionsRequest
            {
                ClientSoftwareName = "kafkacompat",
                ClientSoftwareVersion = _settings.SoftwareVersion,
                // A node is named within its cluster, or not at all.
                ClusterId = _address.NodeId < 0 ? null : _settings.ClusterId,
                NodeId = _settings.ClusterId is null ? -1 : _address.NodeId,
            };
            var body = await Body(session, request, version, deadline);
            PeerVersions versions;
            ErrorCode error;
            try
            {
                versions = PeerVersions.Read(body, version, out error);
            }
            catch (WireFormatException malformed)
            {
                throw Malformed(session, ApiKey.ApiVersions, malformed);
            }

            if (error == ErrorCode.None)
            {
                return versions;
            }

            var older = error == ErrorCode.UnsupportedVersion && versions.NewestOf(ApiKey.ApiVersions) is { } newest ? newest : (short)(version - 1);
            if (error != ErrorCode.UnsupportedVersion || older < 0 || older >= version)
            {
                throw new PeerException(PeerFault.Unreachable, mayHaveArrived: false, $"{_address} refuses the connection: {error}.");
            }

            version = older;
        }
    }

    /// <summary>The pause after a connection that failed or was lost.</summary>
    private double NextPauseMs()
    {
        var pauseMs = Math.Min(_settings.MaxBackoffMs, (long)_settings.BackoffMs << Math.Min(_failures, 30));
        _failures++;
        return pauseMs * (1 - Jitter + (2 * Jitter * _random.NextDouble()));
    }

    private PeerException Closed(Exception? cause) => new(PeerFault.Lost, mayHaveArrived: false, $"The connection to {_address} was closed.", cause);
}
