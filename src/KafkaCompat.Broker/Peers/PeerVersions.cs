using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Peers;

/// <summary>What a peer serves, as its answer to ApiVersions says.</summary>
internal sealed class PeerVersions
{
    /// <summary>The version in which a peer answers that does not know the one that was asked.</summary>
    private const short AnswerToUnknownVersion = 0;

    private readonly Dictionary<ApiKey, (short Min, short Max)> _ranges;

    private PeerVersions(ApiVersionsResponse answer) =>
        _ranges = answer.ApiKeys.ToDictionary(static api => (ApiKey)api.ApiKey, static api => (api.MinVersion, api.MaxVersion));

    /// <summary>Reads an answer to ApiVersions. Throws <see cref="WireFormatException"/> where it is none.</summary>
    /// <param name="body">What follows the header.</param>
    /// <param name="version">The version that was asked in.</param>
    /// <param name="error">What the peer says of the request; where it does not know the version, the answer says which it does know.</param>
    public static PeerVersions Read(ReadOnlyMemory<byte> body, short version, out ErrorCode error)
    {
        if (body.Length >= sizeof(short) && BinaryPrimitives.ReadInt16BigEndian(body.Span) == (short)ErrorCode.UnsupportedVersion)
        {
            version = AnswerToUnknownVersion;
        }

        var reader = new WireReader(body);
        var answer = ApiVersionsResponse.Read(ref reader, version);
        error = answer.ErrorCode;
        return new PeerVersions(answer);
    }

    /// <summary>The newest version that both know, and that is no newer than a given one; null where there is none.</summary>
    public short? NewestOf(ApiKey key, short maxVersion = short.MaxValue)
    {
        var ours = ApiCatalog.Get(key).Versions;
        if (!_ranges.TryGetValue(key, out var theirs))
        {
            return null;
        }

        var newest = Math.Min(maxVersion, Math.Min(ours.Max, theirs.Max));
        return newest >= Math.Max(ours.Min, theirs.Min) ? newest : null;
    }
}
