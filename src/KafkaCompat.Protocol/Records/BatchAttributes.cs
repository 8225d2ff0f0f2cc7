namespace KafkaCompat.Protocol.Records;

/// <summary>The bits of a batch's attributes.</summary>
public static class BatchAttributes
{
    public const short CodecMask = 0x07;
    public const short LogAppendTime = 0x08;
    public const short Transactional = 0x10;
    public const short Control = 0x20;
    public const short DeleteHorizon = 0x40;

    /// <summary>All bits that mean something.</summary>
    public const short Known = CodecMask | LogAppendTime | Transactional | Control | DeleteHorizon;
}
