using System.Globalization;
using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests.Configs.Verdicts;

/// <summary>What Apache Kafka 4.4 says to each setting with each of many odd values, as <c>ConfigVerdicts.java</c> wrote it down.</summary>
internal static class KafkaVerdicts
{
    private static string Folder => Path.Combine(KafkaReference.RepositoryRoot, "tests", "Broker", "Configs", "Verdicts");

    /// <summary>The verdicts of one scope: setting, value, and whether Kafka takes it.</summary>
    public static IEnumerable<(string Name, string Value, bool IsTaken)> Of(string scope)
    {
        var common = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(Folder, "verdicts.tsv")))
        {
            var cells = line.Split('\t');
            if (cells[0] == "value") common.Add(Unescape(cells[1]));
            if (cells[0] != scope) continue;
            for (var i = 0; i < common.Count; i++) yield return (cells[1], common[i], cells[2][i] == '+');
            foreach (var own in cells.Skip(3)) yield return (cells[1], Unescape(own[1..]), own[0] == '+');
        }
    }

    /// <summary>What <c>dynamic_verdicts.py</c> wrote down: scope, setting, operation, value and error code of each alteration.</summary>
    public static IEnumerable<(string Scope, string Name, string Operation, string? Value, ErrorCode Code)> OfAlterations()
    {
        var rows = File.ReadLines(Path.Combine(Folder, "dynamic-verdicts.tsv")).Skip(1).Select(static line => line.Split('\t')).ToList();
        // A change is OPERATION:'value', or OPERATION:DEFAULT for the setting's own value, which is the third cell of its row.
        var changes = rows[0].Skip(1).Select(static change => change.Split(':', 2))
            .Select(static change => (Operation: change[0], Value: change[1] == "DEFAULT" ? null : change[1].Trim('\''))).ToList();
        foreach (var row in rows.Skip(1))
        {
            for (var i = 0; i < changes.Count; i++)
            {
                var value = changes[i].Operation == "DELETE" ? null : changes[i].Value ?? row[2];
                yield return (row[0], row[1], changes[i].Operation, value, (ErrorCode)short.Parse(row[3 + i], CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>Where we differ, each with its reason.</summary>
    public static IReadOnlyList<VerdictDifference> Differences(string scope) =>
    [
        .. File.ReadLines(Path.Combine(Folder, "verdict-differences.tsv")).Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split('\t'))
            .Where(cells => cells[0] == scope).Select(static cells => new VerdictDifference(cells[1], cells[2], cells[3] == "taken", cells[4])),
    ];

    /// <summary>A value as a line of a table can show it.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var end = i;
            while (end < text.Length && text[end] == text[i]) end++;
            if (end - i > 64)
            {
                _ = escaped.Append(CultureInfo.InvariantCulture, $"\\{{{text[i]},{end - i}}}");
                i = end - 1;
            }
            else
            {
                _ = text[i] == '\\'
                    ? escaped.Append(@"\\")
                    : text[i] is < ' ' or > '~' ? escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}") : escaped.Append(text[i]);
            }
        }
        return escaped.ToString();
    }

    private static string Unescape(string text)
    {
        var value = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                _ = value.Append(text[i]);
                continue;
            }
            switch (text[++i])
            {
                case 'u':
                    _ = value.Append((char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    i += 4;
                    break;
                case '{':
                    var close = text.IndexOf('}', i);
                    _ = value.Append(text[i + 1], int.Parse(text.AsSpan((i + 3)..close), CultureInfo.InvariantCulture));
                    i = close;
                    break;
                default:
                    _ = value.Append(text[i]);
                    break;
            }
        }
        return value.ToString();
    }
}
