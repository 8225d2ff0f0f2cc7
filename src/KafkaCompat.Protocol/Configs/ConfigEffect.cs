namespace KafkaCompat.Protocol.Configs;

/// <summary>What a setting of Kafka does in this program.</summary>
public enum ConfigEffect
{
    /// <summary>It does what it does in Kafka.</summary>
    InEffect,

    /// <summary>It is taken and changes nothing, because nothing here needs it.</summary>
    NoEffect,

    /// <summary>A value other than its default is refused with a clear line, because somebody would rely on it.</summary>
    Refused,
}
