namespace KafkaCompat.Fuzz.Engine;

/// <summary>An input as a file of text: target, slot, what was wrong, and the bytes in hexadecimal.</summary>
internal sealed record FuzzFile(string Target, string Slot, string Reason, byte[] Bytes)
{
    public static FuzzFile Read(string path)
    {
        var lines = File.ReadAllLines(path);
        return new FuzzFile(lines[0], lines[1], lines[2], Convert.FromHexString(string.Concat(lines.Skip(3))));
    }

    public static void Write(string path, string target, string slot, string reason, byte[] bytes) =>
        File.WriteAllText(path,
            string.Join('\n',
            (IEnumerable<string>)[target, slot, reason, .. Convert.ToHexStringLower(bytes).Chunk(120).Select(static line => new string(line))]) + "\n");
}
