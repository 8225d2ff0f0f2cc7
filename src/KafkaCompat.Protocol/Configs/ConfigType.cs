namespace KafkaCompat.Protocol.Configs;

/// <summary>The types of Kafka's settings. The values are the wire's, as DescribeConfigs answers them.</summary>
public enum ConfigType : byte
{
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}
