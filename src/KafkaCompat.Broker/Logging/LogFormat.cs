namespace KafkaCompat.Broker.Logging;

/// <summary>How the program writes its log.</summary>
public enum LogFormat
{
    /// <summary>A line for people.</summary>
    Text,

    /// <summary>An object in JSON on a line of its own, for programs that gather logs.</summary>
    Json,
}
