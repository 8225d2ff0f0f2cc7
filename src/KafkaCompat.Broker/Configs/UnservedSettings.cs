using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings whose wish is not fulfilled here and must not be passed over: whoever set them relies on what they guard, so a node that has them does not start.
/// <c>protocol-specs/config-effects.spec</c> names them, each with the reason.
/// </summary>
internal static class UnservedSettings
{
    /// <exception cref="ConfigurationException">One of them is set to something other than its default.</exception>
    public static void Refuse(ServerConfig config)
    {
        foreach (var key in ConfigCatalog.Broker.Where(static key => key.Effect == ConfigEffect.Refused))
        {
            if (config.IsSet(key.Name) && config.GetText(key.Name) is { Length: > 0 } text && text != ServerConfig.DefaultOf(key.Name))
            {
                throw new ConfigurationException($"{key.Name}={text} is not served: {key.Reason}. Remove the setting to start without it.");
            }
        }
    }
}
