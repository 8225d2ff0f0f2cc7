using KafkaCompat.Protocol.Generator.Dispatch;
using Microsoft.CodeAnalysis;

namespace KafkaCompat.Protocol.Generator;

/// <summary>Collects the handler classes with [Serves] and writes the dispatch table that joins them to the protocol.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class DispatchGenerator : IIncrementalGenerator
{
    private const string Attribute = "KafkaCompat.Broker.Dispatch.ServesAttribute";

    private static readonly DiagnosticDescriptor HandlerDiagnostic = new(
        "KC0101", "A handler serves what it cannot", "{0}", "Dispatch", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var handlers = context.SyntaxProvider
            .ForAttributeWithMetadataName(Attribute, static (_, _) => true, static (found, _) => ServedHandlerReader.Read((INamedTypeSymbol)found.TargetSymbol, found.Attributes[0]))
            .Where(static h => h is not null)
            .Select(static (h, _) => h!);
        context.RegisterSourceOutput(handlers.Collect(), static (output, all) =>
        {
            if (all.IsEmpty)
            {
                return;
            }

            var errors = DispatchChecks.Check(all).ToList();
            foreach (var (place, text) in errors)
            {
                output.ReportDiagnostic(Diagnostic.Create(HandlerDiagnostic, place.ToLocation(), text));
            }

            if (errors.Count == 0)
            {
                output.AddSource("ServedHandlers.g.cs", DispatchEmitter.Emit(all));
            }
        });
    }
}
