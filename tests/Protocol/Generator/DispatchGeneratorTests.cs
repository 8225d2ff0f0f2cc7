using KafkaCompat.Protocol.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Generator;

/// <summary>[Serves]: a table from what is right, a compile error for what is not.</summary>
public class DispatchGeneratorTests
{
    private const string Protocol = """
        namespace KafkaCompat.Protocol
        {
            public enum ApiListeners { None = 0, Broker = 1, Controller = 2 }
            public sealed class ApiFactsAttribute(ApiListeners listeners, bool isForwardable) : System.Attribute;
            public sealed class ServesAttribute(ApiKey key, short min, short max, ApiListeners listeners = ApiListeners.Broker) : System.Attribute;
            public enum ApiKey : short
            {
                [ApiFacts(ApiListeners.Broker, false)] Produce = 0,
                [ApiFacts(ApiListeners.Broker | ApiListeners.Controller, false)] Fetch = 1,
                [ApiFacts(ApiListeners.Broker | ApiListeners.Controller, true)] CreateTopics = 19,
            }
        }
        namespace KafkaCompat.Protocol.Messages
        {
            public class ProduceRequest { public const short MinVersion = 3, MaxVersion = 13; }
            public class ProduceResponse;
            public class FetchRequest { public const short MinVersion = 4, MaxVersion = 18; }
            public class FetchResponse;
            public class CreateTopicsRequest { public const short MinVersion = 2, MaxVersion = 7; }
            public class CreateTopicsResponse;
        }
        """;

    private const string Cluster = """
        using KafkaCompat.Protocol; using KafkaCompat.Protocol.Messages;
        namespace KafkaCompat.Cluster.Controller
        {
            public interface IControllerHandler<TRequest, TResponse>;
            HANDLERS
        }
        """;

    private const string Broker = """
        using KafkaCompat.Protocol; using KafkaCompat.Protocol.Messages; using KafkaCompat.Broker.Dispatch;
        [assembly: KafkaCompat.Broker.Node.NotServedYet(ApiListeners.Controller, new ApiKey[] { UNSERVED })]
        namespace KafkaCompat.Broker.Node { public sealed class NotServedYetAttribute(ApiListeners listeners, params ApiKey[] keys) : System.Attribute; }
        namespace KafkaCompat.Broker.Node
        {
            abstract class HandlerParts { public System.Version Version { get; } }
            sealed class BrokerParts : HandlerParts { public string First { get; } public string Second { get; } }
            sealed class ControllerParts : HandlerParts;
        }
        namespace KafkaCompat.Broker.Dispatch { public interface IHandler<TRequest, TResponse>; }
        namespace KafkaCompat.Broker.Handlers
        {
            HANDLERS
        }
        """;

    private const string Create =
        "[Serves(ApiKey.CreateTopics, 2, 7, ApiListeners.Controller)] class CreateTopicsHandler : IControllerHandler<CreateTopicsRequest, "
        + "CreateTopicsResponse>;";
    private const string Both = "[Serves(ApiKey.Produce, 3, 13)] class ProduceHandler : IHandler<ProduceRequest, ProduceResponse>;"
        + "[Serves(ApiKey.Fetch, 4, 18)] class FetchHandler(System.Version version, string second) : IHandler<FetchRequest, FetchResponse>;";

    [Fact]
    public void Handlers_become_the_tables_of_both_listeners()
    {
        var (errors, code) = Run(Both);
        Assert.Empty(errors);
        Assert.Contains("public global::KafkaCompat.Broker.Handlers.FetchHandler Fetch { get; } = new(parts.Version, parts.Second);", code,
            StringComparison.Ordinal);
        var broker = code[..code.IndexOf("class ControllerHandlers", StringComparison.Ordinal)];
        Assert.Contains("(3, 13, Produce)", broker, StringComparison.Ordinal);
        Assert.Contains("new ForwardedApi(ApiKey.CreateTopics, 2, 7, controller)", broker, StringComparison.Ordinal);
        var controller = code[broker.Length..];
        Assert.DoesNotContain("Produce)", controller[..controller.IndexOf("class ServedVersions", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.Contains("new DecidedApi(ControllerApis.Find(ApiKey.CreateTopics)!, controller)", controller, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broker_handler_of_a_forwardable_key_stands_before_the_controllers()
    {
        var (errors, code) = Run(Both + "[Serves(ApiKey.CreateTopics, 2, 7)] class Own : IHandler<CreateTopicsRequest, CreateTopicsResponse>;");
        Assert.Empty(errors);
        Assert.DoesNotContain("ForwardedApi", code, StringComparison.Ordinal);
        Assert.Contains("new DecidedApi(", code, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_controller_decides_becomes_a_list()
    {
        var (errors, code) =
            Generate("KafkaCompat.Cluster", Cluster.Replace("HANDLERS", Create, StringComparison.Ordinal), Compile("KafkaCompat.Protocol", Protocol));
        Assert.Empty(errors);
        Assert.Contains("(2, 7, (ApiListeners)2, new global::KafkaCompat.Cluster.Controller.CreateTopicsHandler())", code, StringComparison.Ordinal);
        Assert.Contains("ApiKey.CreateTopics => All[0],", code, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[Serves(ApiKey.Fetch, 4, 19)] class Other : IHandler<FetchRequest, FetchResponse>;",
        "serves versions 4 to 19 of Fetch, whose spec has 4 to 18")]
    [InlineData("[Serves(ApiKey.Fetch, 3, 18)] class Other : IHandler<FetchRequest, FetchResponse>;", "serves versions 3 to 18")]
    [InlineData("[Serves(ApiKey.Produce, 3, 13)] class Other : IHandler<ProduceRequest, ProduceResponse>;",
        "Produce is served on a broker's listener by Other and ProduceHandler")]
    [InlineData(
        "[Serves(ApiKey.CreateTopics, 2, 7, ApiListeners.Controller)] class Other : IHandler<CreateTopicsRequest, CreateTopicsResponse>;",
        "CreateTopics is served on a controller's listener by CreateTopicsHandler and Other")]
    [InlineData("[Serves(ApiKey.Produce, 3, 13, ApiListeners.Controller)] class Other : IHandler<ProduceRequest, ProduceResponse>;",
        "on a controller's listener, where the spec does not have it")]
    [InlineData("[Serves(ApiKey.Fetch, 4, 18)] class Other;", "implements no IHandler")]
    [InlineData("[Serves(ApiKey.Fetch, 4, 12)] class Other : IHandler<ProduceRequest, ProduceResponse>;", "serves Fetch but handles ProduceRequest")]
    [InlineData(
        "[Serves(ApiKey.Fetch, 4, 18, ApiListeners.Controller)] class Other(string first) : IHandler<FetchRequest, FetchResponse>;",
        "Fetch is served on a controller's listener: take it off the list")]
    public void A_wrong_handler_is_a_compile_error(string handler, string text) => Refused(Both + handler, "ApiKey.Fetch", text);

    [Theory]
    [InlineData("", "ApiKey.Fetch", "nobody serves Produce on a broker's listener")]
    [InlineData(Both, "", "nobody serves Fetch on a controller's listener")]
    [InlineData(Both, "ApiKey.Fetch, ApiKey.CreateTopics", "CreateTopics is served on a controller's listener: take it off the list")]
    public void A_key_that_nobody_serves_is_a_compile_error_unless_it_is_listed(string handlers, string unserved, string text) =>
        Refused(handlers + "[Serves(ApiKey.CreateTopics, 2, 7)] class Own : IHandler<CreateTopicsRequest, CreateTopicsResponse>;", unserved, text);

    [Theory]
    [InlineData("System.Uri uri", "ControllerParts has no such thing")]
    [InlineData("string first", "ControllerParts has no such thing")]
    [InlineData("System.Version version", null)]
    public void A_handler_that_asks_for_what_is_no_part_of_its_node_is_a_compile_error(string parameter, string? text)
    {
        var handlers = Both + $"[Serves(ApiKey.Fetch, 4, 18, ApiListeners.Controller)] class Other({parameter}) : IHandler<FetchRequest, FetchResponse>;";
        if (text is null) Assert.Empty(Run(handlers, "").Errors);
        else Refused(handlers, "", text);
    }

    private static void Refused(string handlers, string unserved, string text)
    {
        var (errors, code) = Run(handlers, unserved);
        Assert.Contains(errors, e => e.Id == "KC0101" && e.Severity == DiagnosticSeverity.Error && e.GetMessage(null).Contains(text, StringComparison.Ordinal));
        Assert.Empty(code);
    }

    /// <summary>The broker's assembly over those below it.</summary>
    private static (IReadOnlyList<Diagnostic> Errors, string Code) Run(string handlers, string unserved = "ApiKey.Fetch")
    {
        var protocol = Compile("KafkaCompat.Protocol", Protocol);
        var cluster = Compile("KafkaCompat.Cluster", Cluster.Replace("HANDLERS", Create, StringComparison.Ordinal), protocol);
        return Generate("KafkaCompat.Broker",
            Broker.Replace("HANDLERS", handlers, StringComparison.Ordinal).Replace("UNSERVED", unserved, StringComparison.Ordinal), protocol, cluster);
    }

    private static CSharpCompilation Compile(string name, string text, params CSharpCompilation[] below) => CSharpCompilation.Create(
        name,
        [CSharpSyntaxTree.ParseText(text, cancellationToken: TestContext.Current.CancellationToken)],
        [MetadataReference.CreateFromFile(typeof(object).Assembly.Location), .. below.Select(static compilation => compilation.ToMetadataReference())]);

    private static (IReadOnlyList<Diagnostic> Errors, string Code) Generate(string name, string text, params CSharpCompilation[] below)
    {
        var driver = CSharpGeneratorDriver.Create(new DispatchGenerator()).RunGenerators(Compile(name, text, below), TestContext.Current.CancellationToken);
        var result = driver.GetRunResult();
        return (result.Diagnostics, string.Concat(result.GeneratedTrees.Select(t => t.ToString())));
    }
}
