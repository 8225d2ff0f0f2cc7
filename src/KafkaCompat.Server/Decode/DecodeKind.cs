namespace KafkaCompat.Server.Decode;

/// <summary>The shapes of bytes that the decoder prints.</summary>
internal enum DecodeKind
{
    Request,
    Response,
    Batches,
    OffsetIndex,
    TimeIndex,
    TransactionIndex,
    ProducerSnapshot,
    Text,
}
