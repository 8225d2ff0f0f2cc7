using System.Globalization;
using Microsoft.CodeAnalysis;

namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>Reads a handler class: its attribute, the messages of its IHandler or IControllerHandler, and what the specs say of both.</summary>
internal static class ServedHandlerReader
{
    public const string Serves = "ServesAttribute";

    public static ServedHandler? Read(INamedTypeSymbol handler, AttributeData serves)
    {
        if (serves.ConstructorArguments.Length != 4 || serves.ConstructorArguments[0] is not { Type: INamedTypeSymbol keys, Value: { } key })
        {
            return null;
        }

        var contract = handler.AllInterfaces.FirstOrDefault(i => i.Name is "IHandler" or "IControllerHandler" && i.TypeArguments.Length == 2);
        var request = contract?.TypeArguments[0];
        return new ServedHandler
        {
            ClassName = handler.Name,
            TypeName = handler.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            Key = FactsOf(keys, Number(key)),
            Min = Number(serves.ConstructorArguments[1].Value),
            Max = Number(serves.ConstructorArguments[2].Value),
            Listeners = (Listeners)Number(serves.ConstructorArguments[3].Value),
            IsDecided = contract?.Name == "IControllerHandler",
            Request = request?.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            RequestName = request?.Name,
            Response = contract?.TypeArguments[1].ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            SpecMin = Constant(request, "MinVersion", 0),
            SpecMax = Constant(request, "MaxVersion", -1),
            Parameters = new(handler.InstanceConstructors.OrderByDescending(c => c.Parameters.Length)
                .First().Parameters.Select(p => new NamedType(TypeText(p.Type), p.Name))),
            Place = handler.Locations.FirstOrDefault(l => l.IsInSource) is { } source ? Place.Of(source) : null,
        };
    }

    /// <summary>The properties of a class, its base's among them.</summary>
    public static IEnumerable<NamedType> PropertiesOf(INamedTypeSymbol? type) => type is null ? []
        : PropertiesOf(type.BaseType)
        .Concat(type.GetMembers().OfType<IPropertySymbol>().Where(p => !p.IsImplicitlyDeclared).Select(p => new NamedType(TypeText(p.Type), p.Name)));

    private static string TypeText(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>All keys that a listener can serve.</summary>
    public static IEnumerable<KeyFacts> FactsOf(INamedTypeSymbol keys) =>
        keys.GetMembers().OfType<IFieldSymbol>().Where(f => f.HasConstantValue && FactsAttribute(f) is not null)
            .Select(f => FactsOf(f, Number(f.ConstantValue)));

    private static KeyFacts FactsOf(INamedTypeSymbol keys, int number) =>
        keys.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(f => f.HasConstantValue && Number(f.ConstantValue) == number) is { } field
            ? FactsOf(field, number)
            : new KeyFacts(number, $"{number}", Listeners.None, false);

    private static KeyFacts FactsOf(IFieldSymbol field, int number) => FactsAttribute(field) is { ConstructorArguments: { Length: 2 } facts }
        ? new KeyFacts(number, field.Name, (Listeners)Number(facts[0].Value), facts[1].Value is true)
        : new KeyFacts(number, field.Name, Listeners.None, false);

    private static AttributeData? FactsAttribute(IFieldSymbol field) =>
        field.GetAttributes().FirstOrDefault(a => a.AttributeClass?.Name == "ApiFactsAttribute");

    private static int Number(object? value) => Convert.ToInt32(value, CultureInfo.InvariantCulture);

    private static int Constant(ITypeSymbol? type, string name, int otherwise) =>
        type?.GetMembers(name).OfType<IFieldSymbol>().FirstOrDefault() is { HasConstantValue: true, ConstantValue: { } value } ? Number(value) : otherwise;
}
