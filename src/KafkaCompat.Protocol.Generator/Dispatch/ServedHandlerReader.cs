using Microsoft.CodeAnalysis;

namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>Reads a handler class: its attribute, the messages of its IHandler, and the versions those have.</summary>
internal static class ServedHandlerReader
{
    public static ServedHandler? Read(INamedTypeSymbol handler, AttributeData serves)
    {
        if (serves.ConstructorArguments.Length != 3 || serves.ConstructorArguments[0] is not { Type: INamedTypeSymbol keys, Value: { } keyValue })
        {
            return null;
        }

        int key = Convert.ToInt32(keyValue, System.Globalization.CultureInfo.InvariantCulture);
        string keyName = keys.GetMembers().OfType<IFieldSymbol>()
            .FirstOrDefault(f => f.HasConstantValue && Convert.ToInt32(f.ConstantValue, System.Globalization.CultureInfo.InvariantCulture) == key)?.Name ?? $"{key}";
        var contract = handler.AllInterfaces.FirstOrDefault(i => i.Name == "IHandler" && i.TypeArguments.Length == 2);
        var request = contract?.TypeArguments[0];
        return new ServedHandler(
            handler.Name,
            handler.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            key,
            keyName,
            Number(serves.ConstructorArguments[1]),
            Number(serves.ConstructorArguments[2]),
            request?.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            request?.Name,
            contract?.TypeArguments[1].ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            Constant(request, "MinVersion", 0),
            Constant(request, "MaxVersion", -1),
            Place.Of(handler.Locations.FirstOrDefault() ?? Location.None));
    }

    private static int Number(TypedConstant value) => Convert.ToInt32(value.Value, System.Globalization.CultureInfo.InvariantCulture);

    private static int Constant(ITypeSymbol? type, string name, int otherwise) =>
        type?.GetMembers(name).OfType<IFieldSymbol>().FirstOrDefault() is { HasConstantValue: true, ConstantValue: { } value }
            ? Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture)
            : otherwise;
}
