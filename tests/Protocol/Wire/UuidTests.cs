using Xunit;

namespace KafkaCompat.Protocol.Tests.Wire;

public class UuidTests
{
    [Fact]
    public void Text_is_base64url_of_22_characters()
    {
        Assert.Equal("AAAAAAAAAAAAAAAAAAAAAA", Uuid.Zero.ToString());
        Assert.Equal("AAAAAAAAAAAAAAAAAAAAAQ", Uuid.MetadataTopicId.ToString());
        var id = Uuid.Parse("QiAEERuMRqquhOups3IzxQ");
        Assert.Equal("QiAEERuMRqquhOups3IzxQ", id.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA/Q")]
    public void Other_text_is_none(string text) => Assert.False(Uuid.TryParse(text, out _));
}
