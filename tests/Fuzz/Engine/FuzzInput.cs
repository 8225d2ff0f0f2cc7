namespace KafkaCompat.Fuzz.Engine;

/// <summary>Bytes for one of a target's slots: for messages, a type and version.</summary>
internal readonly record struct FuzzInput(int Slot, byte[] Bytes);
