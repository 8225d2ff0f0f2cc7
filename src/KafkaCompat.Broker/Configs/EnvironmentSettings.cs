using System.Text;
using System.Text.RegularExpressions;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings out of environment variables, named as Kafka's container image names them: <c>KAFKA_LOG_DIRS</c> is <c>log.dirs</c>. A single
/// underscore is a dot, two are an underscore, three a hyphen. Bitnami's names (<c>KAFKA_CFG_LOG_DIRS</c>) are read as its image reads them.
/// </summary>
public static partial class EnvironmentSettings
{
    private const string Prefix = "KAFKA_";

    /// <summary>How the variables of this program's own settings begin behind Kafka's prefix.</summary>
    private const string OwnPrefix = "KAFKACOMPAT_";

    /// <summary>Bitnami's image takes each setting under this prefix, with a dot for every underscore.</summary>
    private const string BitnamiPrefix = "KAFKA_CFG_";

    /// <summary>Read by the program itself, before there are settings.</summary>
    private const string LogLevelVariable = "KAFKA_LOG_LEVEL";

    private const string ForJava = "it is for a Java virtual machine";
    private const string NoSasl = "SASL is not served yet, so clients are not asked for a password";
    private const string NoTls = "TLS is not served yet";
    private const string ForScripts = "it is for the scripts of another image";

    /// <summary>Kafka's container image, and Bitnami's, format with them.</summary>
    private static readonly string[] ClusterIdVariables = ["CLUSTER_ID", "KAFKA_KRAFT_CLUSTER_ID"];

    /// <summary>Variables of scripts and images that are no settings and that nobody misses; they are not spoken of.</summary>
    private static readonly string[] Unspoken =
    [
        LogLevelVariable, "KAFKA_HOME", "KAFKA_HEAP_OPTS", "KAFKA_OPTS", "KAFKA_JVM_PERFORMANCE_OPTS", "KAFKA_GC_LOG_OPTS", "KAFKA_LOG4J_OPTS", "KAFKA_DEBUG",
        "KAFKA_VERSION",
        "KAFKA_USER", "KAFKA_GROUP", "KAFKA_UID", "KAFKA_REFERENCE", "KAFKA_BASE_DIR", "KAFKA_VOLUME_DIR", "KAFKA_CONF_DIR", "KAFKA_CONF_FILE",
        "KAFKA_DAEMON_USER", "KAFKA_DAEMON_GROUP", "KAFKA_BIN_DIR",
        "KAFKA_CERTS_DIR", "KAFKA_INITSCRIPTS_DIR", "KAFKA_PID_FILE", "KAFKA_EXTRA_FLAGS",
    ];

    /// <summary>
    /// Variables of other images that set something else than a setting, by the beginnings of their names, each with what becomes of it here.
    /// </summary>
    private static readonly (string Name, string Reason)[] Special =
    [
        ("KAFKA_JMX_", "measurements are served over HTTP, see kafkacompat.http.listener"), ("KAFKA_LOG4J_", "KAFKA_LOG_LEVEL says what is logged"),
        ("KAFKA_TOOLS_LOG4J_", "KAFKA_LOG_LEVEL says what is logged"),
        ("KAFKA_CLIENT_USERS", NoSasl), ("KAFKA_CLIENT_PASSWORDS", NoSasl), ("KAFKA_CLIENT_LISTENER_NAME", NoSasl), ("KAFKA_INTER_BROKER_USER", NoSasl),
        ("KAFKA_INTER_BROKER_PASSWORD", NoSasl),
        ("KAFKA_CONTROLLER_USER", NoSasl), ("KAFKA_CONTROLLER_PASSWORD", NoSasl), ("KAFKA_INTER_BROKER_CLIENT_", NoSasl), ("KAFKA_CONTROLLER_CLIENT_", NoSasl),
        ("KAFKA_CERTIFICATE_PASSWORD", NoTls), ("KAFKA_TLS_", NoTls), ("KAFKA_SSL_KEYSTORE_FILENAME", NoTls), ("KAFKA_SSL_KEYSTORE_CREDENTIALS", NoTls),
        ("KAFKA_SSL_KEY_CREDENTIALS", NoTls),
        ("KAFKA_SSL_TRUSTSTORE_FILENAME", NoTls), ("KAFKA_SSL_TRUSTSTORE_CREDENTIALS", NoTls),
        ("KAFKA_ENABLE_KRAFT", "a node always runs with KRaft"),
        ("KAFKA_SKIP_KRAFT_STORAGE_INIT", "an empty directory is formatted, a formatted one is left as it is"),
        ("KAFKA_INITIAL_CONTROLLERS", "one node is its only controller"),
        ("KAFKA_MOUNTED_CONF_DIR", ForScripts + "; name the properties file on the command line"),
        ("KAFKA_CREATE_TOPICS", ForScripts + "; KAFKA_KAFKACOMPAT_TOPICS=orders:3 creates topics at the start"), ("KAFKA_AUTO_CREATE_TOPICS", ForScripts),
        ("KAFKA_CLUSTER_ID", "CLUSTER_ID is the cluster's id"), ("KAFKA_JAVA", ForJava), ("KAFKA_JVM", ForJava),
    ];

    /// <summary>
    /// The settings among <paramref name="variables"/>. An environment is shared with scripts and orchestrators that have KAFKA_
    /// variables of their own (KAFKA_HEAP_OPTS, KAFKA_SERVICE_HOST), so a variable that names no setting is left alone.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> From(IEnumerable<KeyValuePair<string, string>> variables) =>
        Entries(variables).Select(static entry => KeyValuePair.Create(entry.Name, entry.Value));

    /// <summary>The same, each with the variable that it comes from. Of two for one setting the last one counts, which is that of Kafka's own image.</summary>
    public static IEnumerable<ConfigEntry> Entries(IEnumerable<KeyValuePair<string, string>> variables)
    {
        foreach (var (variable, value) in variables
            .OrderByDescending(static pair => pair.Key.StartsWith(BitnamiPrefix, StringComparison.Ordinal))
            .ThenByDescending(static pair => Array.IndexOf(ClusterIdVariables, pair.Key)).ThenBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (Array.IndexOf(ClusterIdVariables, variable) >= 0)
            {
                // A compose file that passes on a variable nobody set leaves it blank.
                if (value.Trim().Length > 0) yield return new(OwnSettings.ClusterId.Name, value, variable);
            }
            else if (NameOf(variable) is { } name
                && (KnownSettings.Contains(name) || (variable.StartsWith(BitnamiPrefix, StringComparison.Ordinal) && RemovedSettings.Hint(name) is null)))
            {
                // What stands under Bitnami's prefix was meant for a setting, so that an unknown one is a mistake as in a file. One that is gone has a hint in
                // either spelling.
                yield return new(name, value, variable);
            }
        }
    }

    /// <summary>What is to be said of variables that are meant for Kafka and have no effect, a line for each.</summary>
    public static IEnumerable<string> WithoutEffect(IEnumerable<KeyValuePair<string, string>> variables)
    {
        foreach (var (variable, value) in variables.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (WithoutPrefix(variable) is { } meant) yield return $"{variable} names no setting and is left alone; did you mean {meant}?";
            if (NameOf(variable) is not { } name || KnownSettings.Contains(name)
                || (variable.StartsWith(BitnamiPrefix, StringComparison.Ordinal) && RemovedSettings.Hint(name) is null)
                || Array.IndexOf(Unspoken, variable) >= 0 || Array.IndexOf(ClusterIdVariables, variable) >= 0 || IsServiceLink(variable, value, name))
            {
                continue;
            }

            yield return Array.Find(Special, special => variable.StartsWith(special.Name, StringComparison.Ordinal)).Reason is { } reason
                ? $"{variable} has no effect: {reason}."
                : RemovedSettings.Hint(name) is { } removed ? $"{variable} has no effect. {removed}"
                : KnownSettings.Nearest(name) is { } nearest ? $"{variable} names no setting and is left alone; did you mean the one for {nearest}?"
                : $"{variable} names no setting and is left alone.";
        }

        foreach (var setting in Entries(variables).GroupBy(static entry => entry.Name))
        {
            var counts = setting.Last();
            foreach (var other in setting.Where(entry => entry.Value != counts.Value))
                yield return $"{other.Origin} has no effect: {counts.Origin} sets {setting.Key} too, and counts.";
        }
    }

    /// <summary>
    /// The variable that was meant by one for a setting of this program's own that lacks Kafka's prefix; null for any other. What comes near none of them is
    /// for other programs: Kubernetes sets such variables too, for a service called kafkacompat.
    /// </summary>
    private static string? WithoutPrefix(string variable) =>
        variable.StartsWith(OwnPrefix, StringComparison.Ordinal) && SettingName(variable) is var name
        && (OwnSettings.Find(name) is not null ? name : KnownSettings.Nearest(name)) is { } nearest && OwnSettings.Find(nearest) is not null
            ? Prefix + nearest.Replace('.', '_').ToUpperInvariant()
            : null;

    /// <summary>What Kubernetes and Docker set for a service that is called kafka.</summary>
    private static bool IsServiceLink(string variable, string value, string setting) =>
        value.StartsWith("tcp://", StringComparison.Ordinal) || (RemovedSettings.Hint(setting) is null && ServiceLink().IsMatch(variable));

    [GeneratedRegex(@"^KAFKA_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?|ENV_\w+|NAME)\z")]
    private static partial Regex ServiceLink();

    /// <summary>The setting that a variable would name; null where it is none of Kafka's.</summary>
    private static string? NameOf(string variable) =>
        variable.StartsWith(BitnamiPrefix, StringComparison.Ordinal) ? BitnamiName(variable[BitnamiPrefix.Length..])
        : variable.StartsWith(Prefix, StringComparison.Ordinal) ? SettingName(variable[Prefix.Length..])
        : null;

    /// <summary>Every underscore is a dot, but for those of two protocols' names.</summary>
    private static string BitnamiName(string variable) => variable.ToLowerInvariant().Replace('_', '.')
        .Replace("sasl.ssl", "sasl_ssl", StringComparison.Ordinal).Replace("sasl.plaintext", "sasl_plaintext", StringComparison.Ordinal);

    private static string SettingName(string variable)
    {
        var name = new StringBuilder(variable.Length);
        for (var i = 0; i < variable.Length; i++)
        {
            if (variable[i] != '_')
            {
                name.Append(char.ToLowerInvariant(variable[i]));
                continue;
            }

            var run = 1;
            while (run < 3 && i + run < variable.Length && variable[i + run] == '_')
            {
                run++;
            }

            name.Append(run switch { 1 => '.', 2 => '_', _ => '-' });
            i += run - 1;
        }

        return name.ToString();
    }
}
