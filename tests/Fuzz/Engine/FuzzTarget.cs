namespace KafkaCompat.Fuzz.Engine;

/// <summary>
/// A family of readers under test. A slot is one of them: the corpus is kept a slot apart, so that a reader with few branches is not starved by one with many.
/// </summary>
internal abstract class FuzzTarget
{
    /// <summary>The name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>The readers.</summary>
    public abstract IReadOnlyList<string> Slots { get; }

    /// <summary>Well-formed inputs to start from.</summary>
    public abstract IEnumerable<FuzzInput> Seeds();

    /// <summary>Reads the bytes. Throws <see cref="OracleException"/> where a promise is broken; any other exception that escapes is a finding too.</summary>
    public abstract void Run(FuzzInput input);

    /// <summary>Makes what was mutated sound again where a checksum would end the reading at once; called before some of the runs.</summary>
    public virtual byte[] Repair(FuzzInput input, Random random) => input.Bytes;
}
