using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Parsing;

/// <summary>The semantic types of types.spec.</summary>
internal sealed class TypeTable
{
    private readonly Dictionary<string, WireType> _types = new(StringComparer.Ordinal);

    public TypeTable(string typesSpec)
    {
        foreach (var line in SpecLine.Split(typesSpec))
        {
            if (line.Words.Length == 4 && line.Words[0] == "type" && line.Words[2] == "=" && WireTypes.TryParse(line.Words[3], out var wire))
            {
                _types[line.Words[1]] = wire;
            }
        }
    }

    public bool TryResolve(string name, out WireType type) => WireTypes.TryParse(name, out type) || _types.TryGetValue(name, out type);
}
