using KafkaCompat.Broker.Fetching;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Fetching;

/// <summary>Sessions keep partitions, whether they exist or not: all of them together up to a bound.</summary>
public sealed class FetchSessionBoundTests
{
    private const int LongName = 25_600;

    [Fact]
    public void A_session_that_would_keep_too_much_ends_and_gives_room_again()
    {
        var cache = new FetchSessionCache(10, new Random(1), TimeProvider.System);
        var first = cache.Open(Naming(0, 0, 0, 10), 12, static _ => null);
        var second = cache.Open(Naming(0, 0, 0, 10), 12, static _ => null);
        Assert.True(first.Session is not null && second.Session is not null);
        var epoch = 0;
        var refused = ErrorCode.None;
        while (refused == ErrorCode.None)
        {
            epoch++;
            Assert.True(epoch * 100L * (LongName / 256) <= FetchSessionCache.MaxPartitions, "the session grew past the bound");
            refused = cache.Open(Naming(first.Session.Id, epoch, epoch * 100, 100), 12, static _ => null).Error;
        }

        Assert.Equal(ErrorCode.FetchSessionIdNotFound, refused);
        Assert.Equal(1, cache.Count);
        Assert.Equal(ErrorCode.None, cache.Open(Naming(second.Session.Id, 1, 0, 100), 12, static _ => null).Error);
        Assert.NotNull(cache.Open(Naming(0, 0, 0, 100), 12, static _ => null).Session);
    }

    private static FetchRequest Naming(int sessionId, int epoch, int from, int count)
    {
        var request = new FetchRequest { SessionId = sessionId, SessionEpoch = epoch };
        for (var i = from; i < from + count; i++)
        {
            request.Topics.Add(
                new()
                {
                    Topic = i.ToString("D5", System.Globalization.CultureInfo.InvariantCulture).PadRight(LongName, 'x'),
                    Partitions = { new() { Partition = 0 } }
                });
        }

        return request;
    }
}
