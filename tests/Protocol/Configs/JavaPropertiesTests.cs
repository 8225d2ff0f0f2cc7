using System.Text;
using KafkaCompat.Protocol.Configs;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Configs;

/// <summary>Java's properties, the one reader of server.properties and of meta.properties.</summary>
public sealed class JavaPropertiesTests
{
    /// <summary>The pairs as Java gives them, each with a bar behind it.</summary>
    [Theory]
    [InlineData("\\\n#a=b\nc=d\n", "c=d|")]
    [InlineData("\\\n\\\n!a=b", "")]
    [InlineData(" \\\r\n\n  c=d", "c=d|")]
    [InlineData("\\\n \\\\=b", "\\=b|")]
    [InlineData("a\\\n#b=c", "a#b=c|")]
    [InlineData("\\", "=|")]
    [InlineData("\\\n", "=|")]
    [InlineData("\\\r", "=|")]
    [InlineData("\\\r\n", "")]
    [InlineData("\\\n ", "")]
    public void A_backslash_alone_joins_its_line_to_none(string text, string expected) =>
        Assert.Equal(expected, string.Concat(JavaProperties.Read(text).Select(static pair => $"{pair.Name}={pair.Value}|")));

    /// <summary>Whatever a line ends with, and however many lines a pair has: it stands where it begins.</summary>
    [Fact]
    public void Each_pair_knows_the_line_that_it_begins_in()
    {
        Assert.Equal(
            [new("a", "1", 2), new("b", "23", 3), new("c", "4", 7), new JavaProperty("a", "5", 8)],
            JavaProperties.Read("# a comment\na=1\rb=2\\\r\n  3\n\n\\\nc:4\na 5"));
        var refused = Assert.Throws<MalformedPropertyException>(() => JavaProperties.Read("a=1\nb=\\\n\\u12x4").ToList());
        Assert.Equal((2, "\\u12x4"), (refused.Line, refused.Part));
    }

    [Fact]
    public void A_value_over_thousands_of_lines_costs_no_more_than_its_length()
    {
        const int Lines = 20_000;
        var text = $"key={string.Concat(Enumerable.Repeat("x\\\n", Lines))}y";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var pair = Assert.Single(JavaProperties.Read(text));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(new string('x', Lines) + "y", pair.Value);
        // Joined line by line it would be 400 MB.
        Assert.InRange(allocated, 0, 100 * text.Length);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        string[] values = ["", " ", "  two", "a=b:c#d!e", "\\", "\t\n\r\f", "caf\u00e9 \u65e5\ud83d\ude00", "\0\u001f~\u007f", "x\\\ny"];
        var bytes = JavaProperties.Encode(values.Select(static (value, index) => ($"key{index}", value)), DateTimeOffset.UnixEpoch);
        Assert.StartsWith("#\n#Thu Jan 01 00:00:00 UTC 1970\nkey0=\nkey1=\\ \n", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal(values, JavaProperties.Read(JavaProperties.Decode(bytes)).Select(static pair => pair.Value));
    }
}
