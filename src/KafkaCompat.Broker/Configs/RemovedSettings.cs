namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings that Apache Kafka had in 2.x or 3.x and 4.4 has no more. 4.4 warns of them as of any unknown name and starts; here each is refused with what to do,
/// because a file that has them was written for another broker.
/// </summary>
public static class RemovedSettings
{
    private const string Zookeeper = "Apache Kafka has no ZooKeeper since 4.0";
    private const string ZookeeperAdvice = "remove it; controller.quorum.bootstrap.servers or controller.quorum.voters says where the controllers are";
    private const string Encoder = "it guarded passwords in ZooKeeper, which Apache Kafka does not use since 4.0";
    private const string Versions = "the versions of the cluster's features are in its metadata since 4.0";
    private const string Format = "records have one format since 4.0";

    private static readonly Dictionary<string, (string Why, string Advice)> Known = new(StringComparer.Ordinal)
    {
        ["control.plane.listener.name"] = (Zookeeper, "remove it; controller.listener.names names the listeners of controllers"),
        ["broker.id.generation.enable"] = (Zookeeper, "remove it and set node.id"),
        ["reserved.broker.max.id"] = (Zookeeper, "remove it"),
        ["password.encoder.secret"] = (Encoder, "remove it"),
        ["password.encoder.old.secret"] = (Encoder, "remove it"),
        ["password.encoder.keyfactory.algorithm"] = (Encoder, "remove it"),
        ["password.encoder.cipher.algorithm"] = (Encoder, "remove it"),
        ["password.encoder.key.length"] = (Encoder, "remove it"),
        ["password.encoder.iterations"] = (Encoder, "remove it"),
        ["inter.broker.protocol.version"] = (Versions, "remove it; kafka-features upgrade raises metadata.version"),
        ["log.message.format.version"] = (Format, "remove it"),
        ["message.format.version"] = (Format, "remove it"),
        ["log.message.downconversion.enable"] = ("records are not converted for old clients since 4.0", "remove it"),
        ["message.downconversion.enable"] = ("records are not converted for old clients since 4.0", "remove it"),
        ["log.message.timestamp.difference.max.ms"] = ("it was split in two", "set log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms"),
        ["message.timestamp.difference.max.ms"] = ("it was split in two", "set log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms"),
        ["offsets.commit.required.acks"] = ("offsets are committed with acks=all since 4.0", "remove it"),
        ["auto.include.jmx.reporter"] = ("metric.reporters names the JMX reporter itself since 4.0", "remove it"),
        ["delegation.token.master.key"] = ("it was renamed", "use delegation.token.secret.key"),
        ["port"] = ("listeners says it since 3.0", "set listeners=PLAINTEXT://host:port"),
        ["host.name"] = ("listeners says it since 3.0", "set listeners=PLAINTEXT://host:port"),
        ["advertised.port"] = ("advertised.listeners says it since 3.0", "set advertised.listeners=PLAINTEXT://host:port"),
        ["advertised.host.name"] = ("advertised.listeners says it since 3.0", "set advertised.listeners=PLAINTEXT://host:port"),
        ["quota.producer.default"] =
            ("default quotas are in the metadata since 3.0", "remove it and set the quota with kafka-configs --entity-type clients --entity-default"),
        ["quota.consumer.default"] =
            ("default quotas are in the metadata since 3.0", "remove it and set the quota with kafka-configs --entity-type clients --entity-default"),
        ["leader.imbalance.per.broker.percentage"] = ("it never had an effect with KRaft", "remove it"),
        ["eligible.leader.replicas.enable"] = (Versions, "remove it; kafka-features sets eligible.leader.replicas.version"),
        ["unstable.metadata.versions.enable"] = ("it was renamed", "use unstable.feature.versions.enable"),
        ["group.coordinator.new.enable"] = ("the new group coordinator is the only one since 4.0", "remove it"),
        ["group.share.enable"] = ("share.version is a feature of the cluster since 4.1", "remove it"),
        ["group.share.max.groups"] = ("it was removed in 4.1", "remove it"),
        ["group.share.record.lock.partition.limit"] = ("it was renamed", "use group.share.partition.max.record.locks"),
        ["replica.lag.max.messages"] = ("replicas are held to time alone since 0.9", "remove it; replica.lag.time.max.ms holds"),
        ["log.delete.delay.ms"] = ("it was renamed", "use log.segment.delete.delay.ms"),
        ["log.cleanup.interval.mins"] = ("it was renamed", "use log.retention.check.interval.ms"),
        ["log.file.size"] = ("it was renamed", "use log.segment.bytes"),
        ["brokerid"] = ("it was renamed", "use node.id"),
        ["enable.zookeeper"] = (Zookeeper, ZookeeperAdvice),
    };

    /// <summary>The names, but for those of ZooKeeper's own settings.</summary>
    internal static IEnumerable<string> Names => Known.Keys;

    /// <summary>Why a setting is no more and what to do; null for any other name.</summary>
    public static string? Hint(string name)
    {
        if (name.StartsWith("zookeeper.", StringComparison.Ordinal)) return Line(name, Zookeeper, ZookeeperAdvice);
        return Known.TryGetValue(name, out var known) ? Line(name, known.Why, known.Advice) : null;
    }

    private static string Line(string name, string why, string advice) => $"Setting {name} is gone: {why}. What to do: {advice}.";
}
