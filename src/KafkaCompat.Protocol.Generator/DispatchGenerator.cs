using System.Collections.Immutable;
using KafkaCompat.Protocol.Generator.Dispatch;
using Microsoft.CodeAnalysis;

namespace KafkaCompat.Protocol.Generator;

/// <summary>
/// Collects the handler classes with [Serves] and writes what joins them to the protocol: where they are the controller's decisions the list of those, where
/// they are a node's handlers the tables of its two kinds of listener, the controller's decisions among them.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class DispatchGenerator : IIncrementalGenerator
{
    private const string Attribute = "KafkaCompat.Protocol." + ServedHandlerReader.Serves;

    private static readonly DiagnosticDescriptor HandlerDiagnostic = new(
        "KC0101", "A handler serves what it cannot, or is missing", "{0}", "Dispatch", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var handlers = context.SyntaxProvider
            .ForAttributeWithMetadataName(Attribute, static (_, _) => true,
                static (found, _) => ServedHandlerReader.Read((INamedTypeSymbol)found.TargetSymbol, found.Attributes[0]))
            .Where(static h => h is not null)
            .Select(static (h, _) => h!);
        var around = context.CompilationProvider.Select(static (compilation, _) => Surroundings.Of(compilation));
        context.RegisterSourceOutput(handlers.Collect().Combine(around), static (output, pair) => Emit(output, pair.Left, pair.Right));
    }

    private static void Emit(SourceProductionContext output, ImmutableArray<ServedHandler> own, Surroundings around)
    {
        if (own.IsEmpty)
        {
            return;
        }

        var isMachine = own.All(h => h.IsDecided);
        List<ServedHandler> all = [.. own, .. around.Decided];
        var errors = DispatchChecks.Check(all).ToList();
        if (!isMachine && errors.Count == 0)
        {
            errors.AddRange(DispatchChecks.CheckWhole(all, around));
            errors.AddRange(DispatchChecks.CheckParts(own, around));
        }

        foreach (var (place, text) in errors)
        {
            output.ReportDiagnostic(Diagnostic.Create(HandlerDiagnostic, place?.ToLocation() ?? Location.None, text));
        }

        if (errors.Count > 0)
        {
            return;
        }

        if (isMachine)
        {
            output.AddSource("ControllerApis.g.cs", DispatchEmitter.EmitDecided(own));
        }
        else
        {
            output.AddSource("ServedHandlers.g.cs", DispatchEmitter.Emit(all, around));
        }
    }
}
