namespace KafkaCompat.Protocol.Configs;

/// <summary>A broker setting that supplies another setting's value, which is its own times <paramref name="Factor"/>.</summary>
public readonly record struct ConfigSynonym(string Name, long Factor);
