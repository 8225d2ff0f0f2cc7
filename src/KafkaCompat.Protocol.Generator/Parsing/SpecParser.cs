using System.Globalization;
using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Parsing;

/// <summary>Reads one .spec file of messages. Every mistake becomes an error with its line; what could be read is kept.</summary>
internal sealed class SpecParser(string path, string text, TypeTable types)
{
    private readonly List<SpecLine> _lines = SpecLine.Split(text);
    private readonly SpecFile _file = new() { Path = path };
    private int _next;

    public static SpecFile Parse(string path, string text, TypeTable types)
    {
        var parser = new SpecParser(path, text, types);
        parser.ParseFile();
        return parser._file;
    }

    private void ParseFile()
    {
        while (_next < _lines.Count)
        {
            var line = _lines[_next++];
            if (line.Depth != 0)
            {
                Error(line, "a line at the left edge is expected: api, request, response, header, record, key, value or message");
                continue;
            }

            if (line.Words[0] == "api")
            {
                ParseApi(line);
            }
            else
            {
                ParseMessage(line);
            }
        }
    }

    private void ParseApi(SpecLine line)
    {
        if (line.Words.Length != 3 || !int.TryParse(line.Words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var key))
        {
            Error(line, "expected: api KEY NAME");
            return;
        }

        var api = new Api { Key = key, Name = line.Words[2], Line = line.Number };
        _file.Api = api;
        while (_next < _lines.Count && _lines[_next].Depth == 1)
        {
            var fact = _lines[_next++];
            var words = fact.Words;
            switch (words[0])
            {
                case "removed":
                    api.Removed = true;
                    break;
                case "listeners":
                    api.Listeners.AddRange(words.Skip(1).Select(w => w.TrimEnd(',')));
                    break;
                case "broker":
                    api.Broker = Range(fact, 1);
                    break;
                case "controller":
                    api.Controller = Range(fact, 1);
                    break;
                case "unstable":
                    api.LatestVersionUnstable = true;
                    break;
                case "forwardable":
                    api.Forwardable = true;
                    break;
                case "cluster-action":
                    api.ClusterAction = true;
                    break;
                case "advertised-if":
                    api.AdvertisedIf = string.Join(" ", words.Skip(1));
                    break;
                default:
                    Error(fact, $"'{words[0]}' is no fact of an api");
                    break;
            }
        }
    }

    private void ParseMessage(SpecLine line)
    {
        // WORD [KEY] [NAME] VERSIONS flexible VERSIONS
        var words = line.Words;
        var at = 1;
        var kind = words[0] switch
        {
            "request" => MessageKind.Request,
            "response" => MessageKind.Response,
            "header" => MessageKind.Header,
            "record" => MessageKind.Record,
            "key" => MessageKind.Key,
            "value" => MessageKind.Value,
            "message" => MessageKind.Data,
            _ => (MessageKind?)null,
        };
        if (kind is null)
        {
            Error(line, $"'{words[0]}' starts nothing known");
            SkipBlock();
            return;
        }

        var key = -1;
        string? name = null;
        if (kind is MessageKind.Request or MessageKind.Response)
        {
            key = _file.Api?.Key ?? -1;
            name = _file.Api is { } api ? api.Name + (kind == MessageKind.Request ? "Request" : "Response") : null;
        }
        else
        {
            if (kind is MessageKind.Record or MessageKind.Key or MessageKind.Value)
            {
                _ = at < words.Length && int.TryParse(words[at++], NumberStyles.None, CultureInfo.InvariantCulture, out key);
            }

            name = at < words.Length ? words[at++] : null;
        }

        if (name is null || at >= words.Length || !VersionWord.TryParse(words[at++], new VersionRange(0, short.MaxValue), out var valid)
            || at + 2 != words.Length || words[at] != "flexible" || !VersionWord.TryParse(words[at + 1], valid, out var flexible))
        {
            Error(line, "expected: WORD [KEY] [NAME] VERSIONS flexible VERSIONS");
            SkipBlock();
            return;
        }

        var body = new Struct { Name = name, Fields = [], Line = line.Number, ClassName = name, Context = valid };
        var message = new Message { Kind = kind.Value, Name = name, Key = key, Valid = valid, Flexible = flexible, Body = body, Line = line.Number };
        ParseFields(body.Fields, message, 1);
        StructResolver.Resolve(message, _file.Errors);
        _file.Messages.Add(message);
        if (_file.Api is { } owner)
        {
            if (kind == MessageKind.Request)
            {
                owner.Request = message;
            }
            else if (kind == MessageKind.Response)
            {
                owner.Response = message;
            }
        }
    }

    private void ParseFields(List<Field> fields, Message message, int depth)
    {
        while (_next < _lines.Count && _lines[_next].Depth >= depth)
        {
            var line = _lines[_next++];
            if (line.Depth > depth)
            {
                Error(line, "indented too far: its parent holds no struct");
                continue;
            }

            if (depth == 1 && line.Words[0] == "struct" && line.Words.Length == 2)
            {
                var shared = new Struct { Name = line.Words[1], Fields = [], IsShared = true, Line = line.Number };
                ParseFields(shared.Fields, message, 2);
                message.Structs.Add(shared);
                continue;
            }

            var field = ParseField(line, message);
            if (field is null)
            {
                continue;
            }

            fields.Add(field);
            if (field.Type == WireType.Struct && _next < _lines.Count && _lines[_next].Depth > depth)
            {
                var inline = new Struct { Name = field.TypeName, Fields = [], Line = line.Number };
                ParseFields(inline.Fields, message, depth + 1);
                message.Structs.Add(inline);
            }
        }
    }

    private Field? ParseField(SpecLine line, Message message)
    {
        var words = line.Words;
        if (words.Length < 2 || !words[0].EndsWith(":", StringComparison.Ordinal))
        {
            Error(line, "expected: NAME: TYPE …");
            return null;
        }

        var written = words[1];
        var versions = message.Valid;
        string? defaultValue = null;
        int? tag = null;
        bool key = false, ignorable = false, zeroCopy = false, inflexible = false;
        for (var i = 2; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "tag" when i + 1 < words.Length && int.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number):
                    tag = number;
                    i++;
                    break;
                case "=" when i + 1 < words.Length:
                    defaultValue = words[++i];
                    break;
                case "key":
                    key = true;
                    break;
                case "ignorable":
                    ignorable = true;
                    break;
                case "zerocopy":
                    zeroCopy = true;
                    break;
                case "inflexible":
                    inflexible = true;
                    break;
                default:
                    if (!VersionWord.TryParse(words[i], message.Valid, out versions))
                    {
                        Error(line, $"'{words[i]}' is not understood");
                    }

                    break;
            }
        }

        var nullable = VersionRange.None;
        var question = written.IndexOf('?');
        if (question >= 0)
        {
            var nullVersions = written.Substring(question + 1);
            nullable = versions;
            if (nullVersions.Length > 0 && !VersionWord.TryParse(nullVersions, message.Valid, out nullable))
            {
                Error(line, $"'{nullVersions}' are no versions");
            }

            written = written.Substring(0, question);
        }

        var array = written.StartsWith("[", StringComparison.Ordinal) && written.EndsWith("]", StringComparison.Ordinal);
        var typeName = array ? written.Substring(1, written.Length - 2) : written;
        if (!types.TryResolve(typeName, out var type))
        {
            if (typeName.Length == 0 || !char.IsUpper(typeName[0]))
            {
                Error(line, $"no type is called '{typeName}'");
                return null;
            }

            type = WireType.Struct;
        }

        return new Field
        {
            Name = words[0].TrimEnd(':'),
            TypeName = typeName,
            Type = type,
            IsArray = array,
            Versions = versions,
            Nullable = nullable,
            Default = defaultValue,
            Tag = tag,
            IsKey = key,
            Ignorable = ignorable,
            ZeroCopy = zeroCopy,
            Inflexible = inflexible,
            Line = line.Number,
        };
    }

    private VersionRange Range(SpecLine line, int word)
    {
        if (word < line.Words.Length && VersionWord.TryParse(line.Words[word], new VersionRange(0, short.MaxValue), out var range))
        {
            return range;
        }

        Error(line, "versions are expected");
        return VersionRange.None;
    }

    private void SkipBlock()
    {
        while (_next < _lines.Count && _lines[_next].Depth > 0)
        {
            _next++;
        }
    }

    private void Error(SpecLine line, string text) => _file.Errors.Add(new SpecError(line.Number, text));
}
