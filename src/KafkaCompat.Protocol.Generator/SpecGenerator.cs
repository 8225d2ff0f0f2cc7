using System.Collections.Immutable;
using KafkaCompat.Protocol.Generator.Checks;
using KafkaCompat.Protocol.Generator.Emit;
using KafkaCompat.Protocol.Generator.Parsing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace KafkaCompat.Protocol.Generator;

/// <summary>
/// The thin shell that Roslyn calls: .spec files in, C# out. A spec is parsed again only when its own text (or types.spec) changes; all logic is in
/// plain code below Parsing, Checks and Emit.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class SpecGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor SpecDiagnostic = new(
        "KC0001", "A protocol spec is wrong", "{0}", "ProtocolSpecs", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var specs = context.AdditionalTextsProvider
            .Where(static t => t.Path.EndsWith(".spec", StringComparison.Ordinal))
            .Select(static (t, cancel) => new SpecText(t.Path, Relative(t.Path), t.GetText(cancel)?.ToString() ?? ""));
        var types = specs.Where(static s => s.Relative == "types.spec").Collect().Select(static (s, _) => s.Length > 0 ? s[0].Text : "");
        var messageSpecs = specs.Where(static s => s.Relative == "headers.spec" || s.Relative.StartsWith("apis/", StringComparison.Ordinal)
            || s.Relative.StartsWith("records/", StringComparison.Ordinal));

        context.RegisterSourceOutput(messageSpecs.Combine(types), static (output, pair) => EmitMessages(output, pair.Left, pair.Right));
        context.RegisterSourceOutput(messageSpecs.Collect().Combine(types), static (output, pair) => EmitCatalogs(output, pair.Left, pair.Right));
        context.RegisterSourceOutput(specs.Where(static s => s.Relative == "errors.spec"),
            static (output, spec) => output.AddSource("ErrorCode.g.cs", ErrorEmitter.Emit(spec.Text)));
        context.RegisterSourceOutput(specs.Where(static s => s.Relative == "enums.spec"),
            static (output, spec) => output.AddSource("Enums.g.cs", EnumEmitter.Emit(spec.Text)));
        context.RegisterSourceOutput(specs.Where(static s => s.Relative == "configs.spec"),
            static (output, spec) => output.AddSource("ConfigKeys.g.cs", ConfigKeyEmitter.Emit(spec.Text)));
        context.RegisterSourceOutput(specs.Where(static s => s.Relative == "features.spec"),
            static (output, spec) => output.AddSource("FeatureCatalog.g.cs", FeatureEmitter.Emit(spec.Text)));
    }

    private static void EmitMessages(SourceProductionContext output, SpecText spec, string types)
    {
        var file = SpecParser.Parse(spec.Relative, spec.Text, new TypeTable(types));
        var errors = file.Errors.Concat(SpecChecks.Check(file)).ToList();
        foreach (var error in errors)
        {
            var position = new LinePosition(error.Line - 1, 0);
            output.ReportDiagnostic(
                Diagnostic.Create(SpecDiagnostic, Location.Create(spec.Path, new TextSpan(0, 0), new LinePositionSpan(position, position)), error.Text));
        }

        if (errors.Count == 0 && file.Messages.Count > 0)
        {
            output.AddSource(spec.Relative.Replace('/', '.').Replace(".spec", ".g.cs"), MessageEmitter.Emit(file));
        }
    }

    private static void EmitCatalogs(SourceProductionContext output, ImmutableArray<SpecText> specs, string types)
    {
        if (specs.IsEmpty)
        {
            return;
        }

        var table = new TypeTable(types);
        var files = specs.Select(s => SpecParser.Parse(s.Relative, s.Text, table)).ToList();
        output.AddSource("ApiCatalog.g.cs", ApiEmitter.Emit(files.Where(f => f.Api is not null).Select(f => f.Api!)));
        output.AddSource("RecordSchemas.g.cs", ApiEmitter.EmitRecords(files));
    }

    private static string Relative(string path)
    {
        var unix = path.Replace('\\', '/');
        var root = unix.LastIndexOf("/protocol-specs/", StringComparison.Ordinal);
        return root < 0 ? unix : unix.Substring(root + "/protocol-specs/".Length);
    }

    /// <summary>One spec's path and text; equal texts are equal, which is what lets Roslyn skip the rest.</summary>
    private sealed record SpecText(string Path, string Relative, string Text);
}
