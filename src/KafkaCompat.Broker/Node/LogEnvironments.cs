using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>What the logs of each directory stand on. Each directory has its own health, threads and randomness: their logs work side by side.</summary>
internal sealed class LogEnvironments(ServerConfig config, IFileStore files, RecoveryWatch recovery, NodeSurroundings surroundings)
{
    private readonly DamageLogger _damage = new(surroundings.NodeLogger, surroundings.Time);

    public LogEnvironment For(string path)
    {
        var environment = new LogEnvironment(files, surroundings.Time, new Random(surroundings.Random.Next()), recovery)
        {
            Damage = _damage.Log,
            ProducerIdExpirationMs = config.GetInt(ConfigKeys.ProducerIdExpirationMs),
            DiskThreads = surroundings.DiskThreads.Of(path),
        };
        // The window is that of the node.
        if (config.WriteBehindBytes > 0 && config.LogDirs.Contains(path))
            environment.WriteBehind = new WriteBehind(config.WriteBehindBytes / config.LogDirs.Count, environment.Health, environment.DiskThreads);
        return environment;
    }
}
