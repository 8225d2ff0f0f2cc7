namespace KafkaCompat.Protocol.Generator.Parsing;

/// <summary>A line of a spec that holds something: its indentation in steps of two, its words.</summary>
internal sealed class SpecLine(int number, int depth, string[] words)
{
    private static readonly char[] Blanks = [' ', '\t'];

    public int Number { get; } = number;

    public int Depth { get; } = depth;

    public string[] Words { get; } = words;

    /// <summary>The lines that are neither empty nor a comment; a comment starts with # at the line's start or after a blank.</summary>
    public static List<SpecLine> Split(string text)
    {
        var lines = new List<SpecLine>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = WithoutComment(raw).TrimEnd();
            if (line.Length == 0)
            {
                continue;
            }

            var indent = 0;
            while (indent < line.Length && line[indent] == ' ')
            {
                indent++;
            }

            lines.Add(new SpecLine(number, indent / 2, line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries)));
        }

        return lines;
    }

    private static string WithoutComment(string line)
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '#' && (i == 0 || line[i - 1] == ' '))
            {
                return line.Substring(0, i);
            }
        }

        return line;
    }
}
