namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings whose wish is not fulfilled here and must not be passed over: whoever set them relies on what they guard, so a node that has them does not start.
/// </summary>
internal static class UnservedSettings
{
    private static readonly (string Name, string Why)[] s_settings =
    [
        ("authorizer.class.name", "requests are not authorized here, and everybody could read and write everything"),
        ("create.topic.policy.class.name", "it names a Java class, and topics would be created without it"),
        ("alter.config.policy.class.name", "it names a Java class, and settings would be changed without it"),
        ("client.quota.callback.class", "it names a Java class, and clients would go without its quotas"),
        ("principal.builder.class", "it names a Java class, and everybody would be ANONYMOUS"),
        ("config.providers", "it names Java classes, and the values that they hold would not be read"),
        ("remote.log.storage.system.enable", "there is no tiered storage here, and records would be deleted that it should keep"),
    ];

    /// <exception cref="ConfigurationException">One of them is set to something other than its default.</exception>
    public static void Refuse(ServerConfig config)
    {
        foreach (var (name, why) in s_settings)
        {
            if (config.IsSet(name) && config.GetText(name) is { Length: > 0 } text && text != ServerConfig.DefaultOf(name))
            {
                throw new ConfigurationException($"{name}={text} is not served: {why}. Remove the setting to start without it.");
            }
        }
    }
}
