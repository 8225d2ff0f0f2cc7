using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Tests.Machines;

/// <summary>
/// All that a machine holds as text, private fields and all, so that two of them can be compared and a change of one is seen wherever it is. Dictionaries and
/// sets are in the order of their texts.
/// </summary>
internal static class MachineText
{
    private static readonly Dictionary<Type, FieldInfo[]> Known = [];

    public static string Of(object? value)
    {
        var text = new StringBuilder();
        Write(value, text, []);
        return text.ToString();
    }

    private static void Write(object? value, StringBuilder text, HashSet<object> above)
    {
        switch (value)
        {
            case null:
                _ = text.Append("null");
                return;
            case string or char or bool or Enum or Uuid or Type:
                _ = text.Append(value).Append(' ');
                return;
            case IFormattable when value.GetType().IsPrimitive:
                _ = text.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture)).Append(' ');
                return;
            case byte[] bytes:
                _ = text.Append(Convert.ToHexString(bytes)).Append(' ');
                return;
            case Delegate method:
                _ = text.Append(method.Method.Name).Append(' ');
                return;
        }

        var type = value.GetType();
        if (!type.IsValueType && !above.Add(value))
        {
            _ = text.Append("above ");
            return;
        }

        if (value is IEnumerable many)
        {
            var items = new List<string>();
            foreach (var item in many)
            {
                var one = new StringBuilder();
                Write(item, one, above);
                items.Add(one.ToString());
            }

            if (value is IDictionary || type.GetInterfaces().Any(static face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(ISet<>)))
            {
                items.Sort(StringComparer.Ordinal);
            }

            _ = text.Append('[').AppendJoin(';', items).Append(']');
        }
        else
        {
            _ = text.Append(type.Name).Append('{');
            foreach (var field in Fields(type))
            {
                _ = text.Append(field.Name).Append('=');
                Write(field.GetValue(value), text, above);
            }

            _ = text.Append('}');
        }

        if (!type.IsValueType)
        {
            _ = above.Remove(value);
        }
    }

    private static FieldInfo[] Fields(Type type)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(type, out var fields))
            {
                const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
                var all = new List<FieldInfo>();
                for (var level = type; level is not null && level != typeof(object); level = level.BaseType)
                {
                    all.AddRange(level.GetFields(Own).Where(static field => !field.FieldType.IsPointer)
                        .OrderBy(static field => field.Name, StringComparer.Ordinal));
                }

                Known.Add(type, fields = [.. all]);
            }

            return fields;
        }
    }
}
