using System.Text.RegularExpressions;

namespace KafkaCompat.Tidy.Tests;

/// <summary>The constructors of classes and structs, as far as text shows them. A record's parameters are its data and no constructor's.</summary>
internal static partial class Constructors
{
    /// <summary>Each constructor of a file: the type, and how many parameters it has.</summary>
    public static IEnumerable<(string Type, int Parameters)> In(string text)
    {
        foreach (Match declaration in Declaration().Matches(text))
        {
            var type = declaration.Groups["name"].Value;
            if (text[declaration.Index + declaration.Length - 1] == '(') yield return (type, CountFrom(text, declaration.Index + declaration.Length));
            foreach (Match constructor in Regex.Matches(text, $@"^ +(?:public|internal|private|protected) {type}\(", RegexOptions.Multiline))
                yield return (type, CountFrom(text, constructor.Index + constructor.Length));
        }
    }

    /// <summary>Counts the parameters from behind the opening parenthesis on.</summary>
    private static int CountFrom(string text, int start)
    {
        var depth = 0;
        var count = 0;
        for (var i = start; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    i = text.IndexOf('"', i + 1);
                    break;
                case '(' or '[' or '<' or '{':
                    depth++;
                    break;
                case ')' when depth == 0:
                    return text[start..i].Trim().Length == 0 ? 0 : count + 1;
                case ')' or ']' or '>' or '}':
                    depth--;
                    break;
                case ',' when depth == 0:
                    count++;
                    break;
            }
        }

        return count;
    }

    [GeneratedRegex(
        @"^ *(?:(?:public|internal|private|protected|file|sealed|static|abstract|partial|readonly|ref) )*(?:class|struct) (?<name>\w+)(?:<[^>\n]*>)?"
        + @"(?:\(|(?=[\s:;{]))", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
