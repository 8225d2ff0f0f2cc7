namespace KafkaCompat.Storage.Files;

/// <summary>
/// An offset is among bytes of a log that are no batch, or that contradict the batches around them. They stay as they are: what is behind them can be read, and
/// a person may know what they were.
/// </summary>
/// <param name="path">The segment's file.</param>
/// <param name="offset">The offset that was looked for, or the first one that is concerned.</param>
/// <param name="why">What is wrong, and at which byte.</param>
public sealed class DamagedBatchException(string path, long offset, string why) : Exception($"{path} cannot be read at offset {offset}: {why}.")
{
    public string Path { get; } = path;

    public long Offset { get; } = offset;

    public string Why { get; } = why;
}
