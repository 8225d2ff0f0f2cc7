using KafkaCompat.Protocol.Generator.Checks;
using KafkaCompat.Protocol.Generator.Emit;
using KafkaCompat.Protocol.Generator.Model;
using KafkaCompat.Protocol.Generator.Parsing;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Generator;

/// <summary>The notation: what it means, and that each slip is an error with its line.</summary>
public class SpecParserTests
{
    private const string Example = """
        api 7 Thing
          listeners   broker, controller
          broker      1..3
        request 1..3  flexible 2+
          name:  topicName?2+  = null
          parts: [Part]        2..3 ignorable   # a comment
            index: int32 key
            end:   Offset 2+ tag 0
          count: int16 1
          struct Offset
            at: int64 = -1
        response 1..3  flexible 2+
          errorCode: errorCode
        """;

    private static readonly TypeTable Types = new("type topicName = string\ntype errorCode = int16\n");

    [Fact]
    public void A_spec_says_what_it_says()
    {
        var file = Parse(Example);
        Assert.Empty(file.Errors);
        Assert.Empty(SpecChecks.Check(file));
        var request = file.Api!.Request!;
        Assert.Equal(("ThingRequest", new VersionRange(1, 3), new VersionRange(2, 3)), (request.Name, request.Valid, request.Flexible));
        var (name, parts, count) = (request.Body.Fields[0], request.Body.Fields[1], request.Body.Fields[2]);
        Assert.Equal((WireType.String, new VersionRange(2, 3), "null"), (name.Type, name.Nullable, name.Default));
        Assert.Equal((true, new VersionRange(2, 3), true), (parts.IsArray, parts.Versions, parts.Ignorable));
        Assert.Equal(new VersionRange(1, 1), count.Versions);
        Assert.Equal((0, "Offset", true), (parts.Struct!.Fields[1].Tag, parts.Struct.Fields[1].Struct!.Name, parts.Struct.Fields[1].Struct!.IsShared));
        Assert.Equal(new VersionRange(2, 3), parts.Struct.Context);
    }

    [Theory]
    [InlineData("name:  topicName?2+", "name:  nothing", 5, "no type is called 'nothing'")]
    [InlineData("parts: [Part]        2..3", "parts: [Part]        2..9", 6, "has versions that ThingRequest lacks")]
    [InlineData("end:   Offset 2+ tag 0", "end:   Offset 2+ tag 1", 6, "do not count from 0")]
    [InlineData("end:   Offset 2+ tag 0", "end:   Nowhere 2+ tag 0", 8, "no struct is called 'Nowhere'")]
    [InlineData("count: int16 1", "name: int16 1", 9, "name is there twice")]
    [InlineData("count: int16 1", "count: int16 1 tag 0", 9, "tagged in versions that are not flexible")]
    [InlineData("count: int16 1", "count: int16 1 = null", 9, "defaults to null but cannot be null")]
    [InlineData("count: int16 1", "count int16 1", 9, "expected: NAME: TYPE")]
    [InlineData("response 1..3", "response 1..2", 1, "differ in their versions")]
    [InlineData("request 1..3  flexible 2+", "request flexible", 4, "expected: WORD")]
    public void A_slip_is_an_error_at_its_line(string right, string wrong, int line, string text)
    {
        var file = Parse(Example.Replace(right, wrong, StringComparison.Ordinal));
        var errors = file.Errors.Concat(SpecChecks.Check(file)).ToList();
        Assert.Contains(errors, e => e.Line == line && e.Text.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public void Generated_code_reads_like_written_code()
    {
        var code = MessageEmitter.Emit(Parse(Example));
        Assert.Contains("public const short MaxVersion = 3;", code, StringComparison.Ordinal);
        Assert.Contains("public string? Name { get; set; }", code, StringComparison.Ordinal);
        Assert.Contains("result.Name = version >= 2 ? reader.ReadNullableString(flexible) : reader.ReadString(flexible);", code, StringComparison.Ordinal);
        Assert.Contains("public ErrorCode ErrorCode { get; set; }", code, StringComparison.Ordinal);
    }

    [Fact]
    public void A_struct_whose_name_a_property_takes_is_called_Data()
    {
        var file = Parse("message Cursor 0  flexible never\n  place: int8\n  topic: Topic\n    name: string\n");
        Assert.Empty(file.Errors);
        Assert.Equal("TopicData", file.Messages[0].Structs[0].ClassName);
    }

    private static SpecFile Parse(string text) => SpecParser.Parse("apis/07-Thing.spec", text, Types);
}
