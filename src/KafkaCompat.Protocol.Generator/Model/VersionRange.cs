namespace KafkaCompat.Protocol.Generator.Model;

/// <summary>Versions from Low to High, both included; empty where High is below Low.</summary>
internal readonly record struct VersionRange(int Low, int High)
{
    public static readonly VersionRange None = new(0, -1);

    public bool IsEmpty => High < Low;

    public VersionRange Within(VersionRange outer)
    {
        var both = new VersionRange(Math.Max(Low, outer.Low), Math.Min(High, outer.High));
        return both.IsEmpty ? None : both;
    }

    public bool Covers(VersionRange inner) => inner.IsEmpty || (Low <= inner.Low && High >= inner.High);

    /// <summary>The C# condition that a version of <paramref name="context"/> lies in this range; null where all of them do.</summary>
    public string? ConditionIn(VersionRange context)
    {
        if (Covers(context))
        {
            return null;
        }

        if (Within(context).IsEmpty)
        {
            return "false";
        }

        var low = Low > context.Low ? $"version >= {Low}" : null;
        var high = High < context.High ? $"version <= {High}" : null;
        return low is null ? high : high is null ? low : Low == High ? $"version == {Low}" : $"{low} && {high}";
    }

    /// <summary>
    /// The C# condition that a version of <paramref name="context"/>, some of which this range lacks, lies outside it; null where all of them do.
    /// </summary>
    public string? ConditionOutside(VersionRange context)
    {
        if (Within(context).IsEmpty)
        {
            return null;
        }

        var low = Low > context.Low ? $"version < {Low}" : null;
        var high = High < context.High ? $"version > {High}" : null;
        return low is null ? high : high is null ? low : Low == High ? $"version != {Low}" : $"version is < {Low} or > {High}";
    }
}
