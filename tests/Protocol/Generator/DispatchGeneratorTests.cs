using KafkaCompat.Protocol.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Generator;

/// <summary>[Serves]: a table from what is right, a compile error for what is not.</summary>
public class DispatchGeneratorTests
{
    private const string Frame = """
        namespace KafkaCompat.Protocol { public enum ApiKey : short { Produce = 0, Fetch = 1 } }
        namespace KafkaCompat.Protocol.Messages
        {
            public class ProduceRequest { public const short MinVersion = 3, MaxVersion = 13; }
            public class ProduceResponse;
            public class FetchRequest { public const short MinVersion = 4, MaxVersion = 18; }
            public class FetchResponse;
        }
        namespace KafkaCompat.Broker.Dispatch
        {
            public interface IHandler<TRequest, TResponse>;
            public sealed class ServesAttribute(KafkaCompat.Protocol.ApiKey key, short min, short max) : System.Attribute;
        }
        namespace KafkaCompat.Broker.Handlers
        {
            using KafkaCompat.Protocol; using KafkaCompat.Protocol.Messages; using KafkaCompat.Broker.Dispatch;
            HANDLERS
        }
        """;

    private const string Produce = "[Serves(ApiKey.Produce, 3, 13)] class ProduceHandler : IHandler<ProduceRequest, ProduceResponse>;";

    [Fact]
    public void Handlers_become_a_table()
    {
        var (errors, code) = Run(Produce + "[Serves(ApiKey.Fetch, 4, 18)] class FetchHandler : IHandler<FetchRequest, FetchResponse>;");
        Assert.Empty(errors);
        Assert.Contains("public required global::KafkaCompat.Broker.Handlers.FetchHandler Fetch { get; init; }", code, StringComparison.Ordinal);
        Assert.Contains("(3, 13, Produce)", code, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[Serves(ApiKey.Fetch, 4, 19)] class FetchHandler : IHandler<FetchRequest, FetchResponse>;", "serves versions 4 to 19 of Fetch, whose spec has 4 to 18")]
    [InlineData("[Serves(ApiKey.Fetch, 3, 18)] class FetchHandler : IHandler<FetchRequest, FetchResponse>;", "serves versions 3 to 18")]
    [InlineData("[Serves(ApiKey.Produce, 3, 13)] class Other : IHandler<ProduceRequest, ProduceResponse>;", "Produce is served by Other and ProduceHandler")]
    [InlineData("[Serves(ApiKey.Fetch, 4, 18)] class FetchHandler;", "implements no IHandler")]
    [InlineData("[Serves(ApiKey.Fetch, 4, 12)] class FetchHandler : IHandler<ProduceRequest, ProduceResponse>;", "serves Fetch but handles ProduceRequest")]
    public void A_wrong_handler_is_a_compile_error(string handler, string text)
    {
        var (errors, code) = Run(Produce + handler);
        Assert.Contains(errors, e => e.Id == "KC0101" && e.Severity == DiagnosticSeverity.Error && e.GetMessage(null).Contains(text, StringComparison.Ordinal));
        Assert.Empty(code);
    }

    private static (IReadOnlyList<Diagnostic> Errors, string Code) Run(string handlers)
    {
        var tree = CSharpSyntaxTree.ParseText(Frame.Replace("HANDLERS", handlers, StringComparison.Ordinal), cancellationToken: TestContext.Current.CancellationToken);
        var compilation = CSharpCompilation.Create("Broker", [tree], [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)]);
        var driver = CSharpGeneratorDriver.Create(new DispatchGenerator()).RunGenerators(compilation, TestContext.Current.CancellationToken);
        var result = driver.GetRunResult();
        return (result.Diagnostics, string.Concat(result.GeneratedTrees.Select(t => t.ToString())));
    }
}
