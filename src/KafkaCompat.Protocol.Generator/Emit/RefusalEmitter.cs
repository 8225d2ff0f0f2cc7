using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>
/// Writes the Refusal method of a request: the response that says one error of all that the request names. The shape follows from the two halves of the spec.
/// <list type="bullet">
/// <item>Every <c>errorCode</c> is the error and every <c>errorMessage</c> the message, where the version has them.</item>
/// <item>An array of the response that holds errors has an item for each item of the request's array of the same name; without one, of all its arrays.</item>
/// <item>A field is copied that request and response have under one name and type, but where its default is -1: nothing is known of it then. Bytes are no
/// names. An item that has no such field takes over the first field of the request's item.</item>
/// <item>Where several arrays of one version name the same thing, it is refused once.</item>
/// </list>
/// </summary>
internal sealed class RefusalEmitter(CodeWriter code, Message request, Message response)
{
    private const string ErrorCode = "errorCode";
    private const string ErrorMessage = "errorMessage";
    private const string Unknown = "-1";
    private int _names;

    public void Emit()
    {
        code.Line();
        code.Open("IResponse IRequest.Refusal(short version, ErrorCode error, string? message)");
        code.Line($"var refusal = new {response.Name}();");
        Fill("refusal", response.Body, "", request.Body);
        code.Line("return refusal;");
        code.Close();
    }

    /// <summary>Fills what stands in <paramref name="target"/> from what stands in <paramref name="source"/>; the request itself is the empty text.</summary>
    private void Fill(string target, Struct to, string source, Struct from)
    {
        foreach (var field in to.Fields.Where(f => !f.Versions.Within(response.Valid).IsEmpty))
        {
            var condition = field.Ignorable ? null : field.Versions.ConditionIn(response.Valid);
            if (field.IsArray)
            {
                FillArray(target, field, source, from, condition);
            }
            else if (ValueOf(field, source, from) is { } value)
            {
                var opened = code.OpenIf(condition);
                code.Line($"{target}.{field.PropertyName} = {value};");
                code.CloseIf(opened);
            }
        }
    }

    private static string? ValueOf(Field field, string source, Struct from) => field switch
    {
        { Name: ErrorCode, IsErrorCode: true } => "error",
        { Name: ErrorMessage, Type: WireType.String } => field.Nullable == field.Versions ? "message" : "message ?? \"\"",
        { Default: Unknown } or { Type: WireType.Struct or WireType.Bytes or WireType.Records } => null,
        _ => Twin(field, from) is { } twin ? Copy(field, Dot(source) + twin.PropertyName, twin) : null,
    };

    private static Field? Twin(Field field, Struct from) => from.Fields.Find(f => f.Name == field.Name && f.Type == field.Type && f.IsArray == field.IsArray);

    private static string Copy(Field to, string source, Field from) => from.CanBeNull && !to.CanBeNull ? $"{source} ?? {to.Initializer()}" : source;

    private void FillArray(string target, Field field, string source, Struct from, string? condition)
    {
        if (field.Struct is not { } item)
        {
            return;
        }

        if (!HoldsErrors(item))
        {
            // What an item is called may be a list of its own: the parts of an entity.
            if (Twin(field, from) is { Struct: { } same } twin && item.Fields.All(f => Twin(f, same) is not null))
            {
                FillFrom(target, field, item, source, twin, known: null, condition);
            }

            return;
        }

        var sources = Twin(field, from) is { } one ? [one] : from.Fields.FindAll(static f => f.IsArray);
        var known = sources.Count > 1 && !sources[0].Versions.Within(sources[1].Versions).IsEmpty ? $"named{_names++}" : null;
        if (known is not null)
        {
            code.Line($"var {known} = new HashSet<object?>();");
        }

        foreach (var array in sources)
        {
            FillFrom(target, field, item, source, array, known, condition);
        }
    }

    private void FillFrom(string target, Field field, Struct item, string source, Field array, string? known, string? condition)
    {
        var opened = code.OpenIf(condition);
        if (field.CanBeNull)
        {
            code.Line($"{target}.{field.PropertyName} ??= [];");
        }

        var from = $"item{_names++}";
        var to = $"refused{_names++}";
        code.Open($"foreach (var {from} in {Dot(source)}{array.PropertyName}{(array.CanBeNull ? " ?? []" : "")})");
        var (named, value) = NameOf(item, from, array);
        if (known is not null && value is not null)
        {
            code.Line($"if (!{known}.Add({value})) continue;");
        }

        code.Line($"var {to} = new {response.Name}.{item.ClassName}();");
        if (named is not null)
        {
            code.Line($"{to}.{named.PropertyName} = {value};");
        }

        Fill(to, item, from, array.Struct ?? new Struct { Name = "", Fields = [] });
        code.Line($"{target}.{field.PropertyName}.Add({to});");
        code.Close();
        code.CloseIf(opened);
    }

    /// <summary>The field that an item is called by where the two halves have no name in common: the first of each.</summary>
    private static (Field? Field, string? Value) NameOf(Struct item, string from, Field array)
    {
        if (array.Struct is { } asked && item.Fields.Exists(f => !f.IsArray && f.Default != Unknown && Twin(f, asked) is not null))
        {
            return default;
        }

        var first = array.Struct?.Fields.Find(static f => !f.IsArray);
        var type = array.Struct is null ? array.Type : first?.Type ?? WireType.Struct;
        var named =
            item.Fields.Find(f => !f.IsArray && !f.IsErrorCode && f.Name != ErrorMessage && f.Type == type && type != WireType.Struct && f.Default != Unknown);
        return named is null ? default : (named, array.Struct is null ? from : Copy(named, $"{from}.{first!.PropertyName}", first));
    }

    private static string Dot(string source) => source.Length == 0 ? "" : source + ".";

    private static bool HoldsErrors(Struct s) => s.Fields.Exists(static f => f.Name == ErrorCode || (f.Struct is { } inner && f.IsArray && HoldsErrors(inner)));
}
