using System.Text;

namespace KafkaCompat.Protocol.Generator.Emit;

/// <summary>C# text with its indentation and blank lines: one after a block unless another block ends, none at a block's start.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;
    private Last _last = Last.Open;

    private enum Last
    {
        Open,
        Blank,
        Line,
        Close,
    }

    public void Line(string line = "")
    {
        if (line.Length == 0)
        {
            if (_last is Last.Line or Last.Close)
            {
                _last = Last.Blank;
                _ = _text.Append('\n');
            }

            return;
        }

        if (_last == Last.Close && line != "else" && line != "{")
        {
            _ = _text.Append('\n');
        }

        Append(line);
        _last = Last.Line;
    }

    public void Open(string line)
    {
        Line(line);
        Append("{");
        _depth++;
        _last = Last.Open;
    }

    public void Close(string after = "")
    {
        _depth--;
        Append("}" + after);
        _last = Last.Close;
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

    private void Append(string line) => _ = _text.Append(' ', _depth * 4).Append(line).Append('\n');
}
