using System.Text;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>C# text with its indentation.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line(string line = "")
    {
        if (line.Length > 0)
        {
            _ = _text.Append(' ', _depth * 4).Append(line);
        }

        _ = _text.Append('\n');
    }

    public void Open(string line)
    {
        Line(line);
        Line("{");
        _depth++;
    }

    public void Close(string after = "")
    {
        _depth--;
        Line("}" + after);
    }

    /// <summary>Opens a block under a condition; nothing where there is none.</summary>
    public bool OpenIf(string? condition)
    {
        if (condition is null)
        {
            return false;
        }

        Open($"if ({condition})");
        return true;
    }

    public void CloseIf(bool opened)
    {
        if (opened)
        {
            Close();
        }
    }

    public override string ToString() => _text.ToString();
}
