namespace KafkaCompat.Protocol.Records;

/// <summary>One partition's part of a Produce request, besides its bytes.</summary>
/// <param name="Version">of the request; zstd came with 7</param>
/// <param name="Topic">for texts of errors</param>
/// <param name="Partition">for texts of errors</param>
/// <param name="Settings">of the topic</param>
/// <param name="NowMs">the broker's clock</param>
/// <param name="Origin">who produces</param>
public readonly record struct ProduceBatchRules(short Version, string Topic, int Partition, ProduceSettings Settings, long NowMs,
    AppendOrigin Origin = AppendOrigin.Client)
{
    /// <summary>Produce requests before this version may not bring zstd.</summary>
    public const short FirstVersionWithZstd = 7;
}
