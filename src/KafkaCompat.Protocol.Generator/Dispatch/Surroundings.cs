using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;

namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>What the dispatch tables of an assembly are made of besides its own handlers: equal as long as none of it has changed.</summary>
internal sealed record Surroundings(Rows<ServedHandler> Decided, Rows<KeyFacts> Keys, Rows<UnservedKey> Unserved, Rows<NamedType> BrokerParts,
    Rows<NamedType> ControllerParts)
{
    private const string Cluster = "KafkaCompat.Cluster";

    public static Surroundings Of(Compilation compilation)
    {
        var handlers = compilation.SourceModule.ReferencedAssemblySymbols.Where(a => a.Name == Cluster)
            .SelectMany(a => TypesOf(a.GlobalNamespace, Cluster.Split('.').Append("Controller")))
            .Select(type => type.GetAttributes().FirstOrDefault(a => a.AttributeClass?.Name == ServedHandlerReader.Serves) is { } serves
                ? ServedHandlerReader.Read(type, serves)
                : null)
            .Where(h => h is not null).Select(h => h!);
        var keys = compilation.GetTypeByMetadataName("KafkaCompat.Protocol.ApiKey") is { } enumeration ? ServedHandlerReader.FactsOf(enumeration) : [];
        var unserved = compilation.Assembly.GetAttributes().Where(a => a.AttributeClass?.Name == "NotServedYetAttribute" && a.ConstructorArguments.Length == 2)
            .SelectMany(a => a.ConstructorArguments[1].Values.Select(key => new UnservedKey(Number(key), (Listeners)Number(a.ConstructorArguments[0]))));
        return new(new(handlers), new(keys), new(unserved), PartsOf("BrokerParts"), PartsOf("ControllerParts"));

        Rows<NamedType> PartsOf(string name) => new(ServedHandlerReader.PropertiesOf(compilation.GetTypeByMetadataName("KafkaCompat.Broker.Node." + name)));
    }

    /// <summary>What handlers of a listener can ask for.</summary>
    public Rows<NamedType> PartsOf(Listeners listener) => listener == Listeners.Broker ? BrokerParts : ControllerParts;

    private static ImmutableArray<INamedTypeSymbol> TypesOf(INamespaceSymbol root, IEnumerable<string> path)
    {
        var space = path.Aggregate((INamespaceSymbol?)root, (outer, name) => outer?.GetNamespaceMembers().FirstOrDefault(inner => inner.Name == name));
        return space?.GetTypeMembers() ?? [];
    }

    private static int Number(TypedConstant value) => Convert.ToInt32(value.Value, CultureInfo.InvariantCulture);
}

/// <summary>A key that the specs have on a listener, and that is on the list of those not served there yet.</summary>
internal sealed record UnservedKey(int Key, Listeners Listeners);
