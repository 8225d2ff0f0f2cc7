import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import kafka.server.KafkaConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.storage.internals.log.CleanerConfig;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Asks Apache Kafka's own classes, for each setting of a broker and each of many odd values, whether a node may start with it, and for each setting of a
 * topic whether a topic may have it. Writes verdicts.tsv: a line "value" for each common value, then a line for each setting with a sign for each
 * common value (+ taken, - refused) and cells for the values of its own, as "+text" and "-text".
 *
 * <p>Usage: {@code java -cp 'kafka-4.4/broker/*' ConfigVerdicts.java verdicts.tsv [messages.tsv]}
 */
public class ConfigVerdicts {
    private static final String LETTERS = "a".repeat(40_000);

    private static final String[] COMMON = {
        "", " ", "0", "1", "-1", "-2", "2", "3", "5", "7", "10", "100", "1000", "10000", "1048576", "+5", "-0", "007", " 5 ", "5.5", "0.5", "1e3", "1E-3", ".5", "5.", "0x10", "1_000", "5L", "5d", "5f",
        "NaN", "nan", "Infinity", "-Infinity", "1e400", "1e-400", "0x1p-1", "\u0663", "\uff15", "\u0bed", "\ud835\udfd7", "5\u00a0", "\u20035", "\u00005", "5\u0000", "\t5\n", "\ufeff5", "127", "128", "255", "256", "32767", "32768", "-32768", "-32769",
        "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809", "99999999999999999999999999", "true", "false", "TRUE", "True", " true ", "tru\u0435", "yes", "on", "null", "a", " a ", "a,b", "a , b", "a,a", "a,,b", "a,", ",a", ",", " , ", "*", "*,a", "1,1", "1,2", "a:1", "a:1,b:2",
        "a:1,a:2", "a:-1", ":1", "a:", "localhost:9093", "localhost:-1", "localhost:70000", "\u0000", "a\u0000b", "\u00e9", "\u65e5\u672c", "\ud83d\ude42", "\u0130", "\u017f", LETTERS, "java.lang.String", "no.such.Class", "/tmp/x", "/tmp/x,/tmp/x", "[a]",
        "{\"a\":1}", "a b", "a;b", "a=b", "-", "+", "--1", "+-1", "1 000", "1,000", "\u22125", "1e", "0b1", "0x", "'5'", "\"5\"", "5;", "5,", ",5", "#", "a\nb", "\u0085", "\u001f5\u001f", "\u30005",
    };

    /** What names settings whose values have a grammar of their own. */
    private static final Map<String, String[]> SPECIAL = new LinkedHashMap<>();
    static {
        String c = ",CONTROLLER://localhost:19093";
        SPECIAL.put("listeners", new String[] {
            "PLAINTEXT://localhost:19092" + c, "PLAINTEXT://:19092" + c, "plaintext://localhost:19092" + c, "PLAINTEXT://localhost:-1" + c, "PLAINTEXT://localhost:-2" + c, "PLAINTEXT://localhost:0" + c, "PLAINTEXT://localhost:65535" + c,
            "PLAINTEXT://localhost:65536" + c, "PLAINTEXT://localhost:99999" + c, "PLAINTEXT://localhost:2147483648" + c, "PLAINTEXT://localhost:" + c, "PLAINTEXT://localhost" + c, "PLAINTEXT://" + c, "PLAINTEXT:localhost:19092" + c, "://localhost:19092" + c,
            "PLAINTEXT://localhost:19092", "CONTROLLER://localhost:19093", "PLAINTEXT://localhost:19092,PLAINTEXT://localhost:19094" + c, "PLAINTEXT://localhost:19092,PLAINTEXT://localhost:19092" + c, "PLAINTEXT://localhost:19092,SSL://localhost:19092" + c,
            "PLAINTEXT://127.0.0.1:19092,SSL://[::1]:19092" + c, "PLAINTEXT://127.0.0.1:19092,PLAINTEXT://[::1]:19092" + c, "PLAINTEXT://[::1]:19092" + c, "PLAINTEXT://::1:19092" + c, "PLAINTEXT://[::]:19092" + c, "PLAINTEXT://0.0.0.0:19092" + c,
            "PLAINTEXT://localhost:19092,,CONTROLLER://localhost:19093", "PLAINTEXT://localhost:19092" + c + ",", " PLAINTEXT://localhost:19092 , CONTROLLER://localhost:19093 ", "OTHER://localhost:19092" + c, "PLAINTEXT://localhost:19092/" + c, "PLAINTEXT://local host:19092" + c,
            "PLAINTEXT://h\u00e9:19092" + c, "PLAINTEXT://a_b:19092" + c, "PLAINTEXT://localhost:+19092" + c, "PLAINTEXT://localhost:019092" + c, "PLAINTEXT://user@localhost:19092" + c, "PLAINTEXT://localhost:19092?x=1" + c, "PLAINTEXT://" + "a".repeat(300) + ":19092" + c, "PLAINTEXT://localhost:\u0661" + c,
            "PLAINTEXT://localhost:19093" + c, "PLAINTEXT://a\u0000b:19092" + c, "PLAINTEXT://*:19092" + c, "PLAINTEXT://127.0.0.1:19092,SSL://127.0.0.2:19092" + c, "SSL://localhost:19092" + c, "SASL_PLAINTEXT://localhost:19092,PLAINTEXT://localhost:19094" + c});
        SPECIAL.put("advertised.listeners", new String[] {
            "PLAINTEXT://localhost:19092", "PLAINTEXT://:19092", "PLAINTEXT://0.0.0.0:19092", "PLAINTEXT://[::]:19092", "PLAINTEXT://[::1]:1", "PLAINTEXT://a:-1", "PLAINTEXT://a:-2", "PLAINTEXT://a:0", "PLAINTEXT://a:65535", "PLAINTEXT://a:65536", "PLAINTEXT://a:1,PLAINTEXT://b:2", "PLAINTEXT://a:1,PLAINTEXT://a:1",
            "PLAINTEXT://a:1,CONTROLLER://b:1", "PLAINTEXT://a:1,CONTROLLER://a:1", "CONTROLLER://a:1", "SSL://a:1", "OTHER://a:1", "PLAINTEXT://a:1,SSL://b:2", "plaintext://a:1", "PLAINTEXT://a", "PLAINTEXT://a:", "PLAINTEXT://", "PLAINTEXT://a:1,", "PLAINTEXT://a b:1", "PLAINTEXT://" + "a".repeat(300) + ":1",
            "PLAINTEXT://" + "a".repeat(40_000) + ":1", "PLAINTEXT://127.0.0.1:1,PLAINTEXT://[::1]:1", "PLAINTEXT://127.0.0.1:1,PLAINTEXT://[::1]:2", "PLAINTEXT://h\u00e9:1", "PLAINTEXT://a\u0000b:1", "PLAINTEXT://0:1", "PLAINTEXT://a_b:1", "PLAINTEXT://0.0.0.0:1,CONTROLLER://a:1", "CONTROLLER://0.0.0.0:1,PLAINTEXT://a:1"});
        SPECIAL.put("listener.security.protocol.map", new String[] {
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", "plaintext:plaintext,controller:plaintext", "PLAINTEXT:PLAINTEXT", "PLAINTEXT:NONE", "PLAINTEXT:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT,PLAINTEXT:SSL,CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,", "PLAINTEXT:PLAINTEXT,,CONTROLLER:PLAINTEXT",
            " PLAINTEXT : PLAINTEXT , CONTROLLER : PLAINTEXT ", ":PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", "PLAINTEXT:,CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,\u00e9:PLAINTEXT", "a b:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT CONTROLLER:PLAINTEXT"});
        SPECIAL.put("controller.listener.names", new String[] { "CONTROLLER", "controller", "CONTROLLER,CONTROLLER", "CONTROLLER,controller", "CONTROLLER,OTHER", "OTHER,CONTROLLER", "OTHER", "PLAINTEXT", "CONTROLLER,PLAINTEXT", "CONTROLLER,", " CONTROLLER ", "CONTROLLER,SSL", "SSL,CONTROLLER" });
        SPECIAL.put("inter.broker.listener.name", new String[] { "PLAINTEXT", "plaintext", "CONTROLLER", "SSL", "OTHER", " PLAINTEXT ", "PLAINTEXT,PLAINTEXT" });
        SPECIAL.put("security.inter.broker.protocol", new String[] { "PLAINTEXT", "plaintext", "SSL", "SASL_PLAINTEXT", "CONTROLLER", " PLAINTEXT " });
        SPECIAL.put("early.start.listeners", new String[] { "PLAINTEXT", "plaintext", "CONTROLLER", "SSL", "PLAINTEXT,CONTROLLER", "PLAINTEXT,PLAINTEXT", "OTHER" });
        SPECIAL.put("process.roles", new String[] { "broker,controller", "controller,broker", "broker,broker,controller", "broker,controller,broker", "broker", "controller", "BROKER,CONTROLLER", "broker;controller", "broker controller", "broker,,controller", "broker,controller,", " broker , controller ", "broker,zookeeper" });
        SPECIAL.put("node.id", new String[] { "4", "1000", "1001" });
        SPECIAL.put("broker.id", new String[] { "4", "1000", "1001" });
        SPECIAL.put("controller.quorum.voters", new String[] {
            "1@localhost:19093", "1@localhost:19093,2@b:1", "1@localhost:19093,1@localhost:19093", "1@localhost:19093,1@b:1", "2@localhost:19093", "1@localhost:", "1@:19093", "1@0.0.0.0:0", "1@localhost:0", "1@localhost:-1", "1@localhost:70000", "-1@localhost:1", "+1@localhost:19093", "01@localhost:19093", "1@[::1]:19093", "1@::1:19093", "1@local host:1", "a@localhost:1",
            "1 @ localhost:19093", " 1@localhost:19093 ", "1@localhost:19093,", "1@h\u00e9:1", "1@a_b:1", "1@localhost:19093:1", "1@@localhost:1", "@localhost:1", "1@localhost:+1", "1@" + "a".repeat(300) + ":1", "2147483648@a:1", "1@localhost:19093, 2@b:1"});
        SPECIAL.put("controller.quorum.bootstrap.servers", new String[] { "localhost:19093", "localhost:19093,b:1", "localhost:19093,localhost:19093", "localhost:0", "[::1]:19093", "::1:19093", "localhost", "localhost:", ":19093", "localhost:65535", "localhost:65536", "h\u00e9:1", "a_b:1", "CONTROLLER://localhost:19093", "local host:1", "localhost:+1", "nosuchhost.invalid:1", "a".repeat(300) + ":1", "1@localhost:19093", "localhost:19093," });
        SPECIAL.put("log.dirs", new String[] { "/tmp/x", "/tmp/x,/tmp/y", "/tmp/x,/tmp/x", "/tmp/x,", ",/tmp/x", "/tmp/x,/tmp/x/", "relative", "/tmp/x,,/tmp/y", " /tmp/x , /tmp/y " });
        SPECIAL.put("log.dir", SPECIAL.get("log.dirs"));
        SPECIAL.put("cordoned.log.dirs", new String[] { "/tmp/kafka-logs", "/tmp/kafka-logs,/tmp/kafka-logs", "*,*", "/tmp/kafka-logs,", "/tmp/kafka-logs/" });
        SPECIAL.put("max.connections.per.ip.overrides", new String[] { "localhost:5", "127.0.0.1:5", "127.0.0.1:5,127.0.0.1:6", "127.0.0.1:0", "127.0.0.1:2147483648", "[::1]:5", "::1:5", "host:5,", ",host:5", "host :5", "h\u00e9:5", "a_b:5", "host: 5", "host", ":5", "a b:1", "a/b:1", "%:1", "host:5 ,host2:6" });
        SPECIAL.put("group.coordinator.rebalance.protocols", new String[] { "classic", "consumer", "CLASSIC", "classic,classic", "streams,classic", "share,classic", "consumer,streams" });
        SPECIAL.put("group.consumer.assignors", new String[] { "uniform", "range", "range,uniform", "uniform,uniform", "UNIFORM", "simple", "org.apache.kafka.coordinator.group.assignor.RangeAssignor", "org.apache.kafka.coordinator.group.assignor.RangeAssignor,range" });
        SPECIAL.put("group.share.assignors", new String[] { "simple", "simple,simple", "range", "uniform" });
        SPECIAL.put("group.streams.assignors", new String[] { "sticky", "sticky,sticky", "range" });
        SPECIAL.put("metric.reporters", new String[] { "org.apache.kafka.common.metrics.JmxReporter", "org.apache.kafka.common.metrics.JmxReporter,org.apache.kafka.common.metrics.JmxReporter" });
        SPECIAL.put("sasl.jaas.config", new String[] { "org.apache.kafka.common.security.plain.PlainLoginModule required;", "org.apache.kafka.common.security.plain.PlainLoginModule required" });
        SPECIAL.put("errors.deadletterqueue.topic.name.prefix", new String[] { "dlq.", "__dlq", "a".repeat(250), "_dlq" });
        SPECIAL.put("principal.builder.class", new String[] { "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder" });
        SPECIAL.put("authorizer.class.name", new String[] { "org.apache.kafka.metadata.authorizer.StandardAuthorizer" });
        SPECIAL.put("replica.selector.class", new String[] { "org.apache.kafka.common.replica.RackAwareReplicaSelector" });
        SPECIAL.put("leader.replication.throttled.replicas", new String[] { "0:1", "0:1,1:1", "0:1,0:1", "*", "*,*", "0:1,", "0:-1", "\u0661:1", " 0:1 , 1:1 ", "0:1:1", "none", "0:1,*", "99999999999:1" });
        SPECIAL.put("follower.replication.throttled.replicas", SPECIAL.get("leader.replication.throttled.replicas"));
        SPECIAL.put("cleanup.policy", new String[] { "compact,delete", "delete,compact", "compact,compact", "COMPACT", "compact,delete,compact", "compact;delete", "delete, compact ", "none" });
        SPECIAL.put("log.cleanup.policy", SPECIAL.get("cleanup.policy"));
    }

    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

    public static void main(String[] args) throws Exception {
        org.apache.logging.log4j.core.config.Configurator.setRootLevel(org.apache.logging.log4j.Level.OFF);
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[0]), StandardCharsets.US_ASCII));
             PrintWriter messages = args.length > 1 ? new PrintWriter(Files.newBufferedWriter(Path.of(args[1]), StandardCharsets.US_ASCII)) : null) {
            out.print("# Apache Kafka 4.4's verdicts, made by ConfigVerdicts.java. Not edited by hand.\n");
            for (String value : COMMON) out.print("value\t" + escape(value) + "\n");
            write(out, messages, "broker", KafkaConfig.configDef().configKeys().values(), ConfigVerdicts::start);
            write(out, messages, "topic", LogConfig.configKeys().values(), ConfigVerdicts::topic);
        }
    }

    private interface Verdict {
        String problem(String name, String value);
    }

    private static void write(PrintWriter out, PrintWriter messages, String scope, Collection<ConfigDef.ConfigKey> keys, Verdict verdict) {
        List<ConfigDef.ConfigKey> sorted = new ArrayList<>(keys);
        sorted.sort(Comparator.comparing(key -> key.name));
        for (ConfigDef.ConfigKey key : sorted) {
            StringBuilder line = new StringBuilder(scope + "\t" + key.name + "\t");
            for (String value : COMMON) line.append(told(messages, scope, key.name, value, verdict) ? '+' : '-');
            for (String value : own(key)) line.append('\t').append(told(messages, scope, key.name, value, verdict) ? '+' : '-').append(escape(value));
            out.print(line + "\n");
        }
    }

    private static boolean told(PrintWriter messages, String scope, String name, String value, Verdict verdict) {
        String problem = verdict.problem(name, value);
        if (messages != null) messages.print(scope + "\t" + name + "\t" + escape(value) + "\t" + (problem == null ? "+" : escape(problem)) + "\n");
        return problem == null;
    }

    /** What a setting's own rule and default make interesting. */
    private static Set<String> own(ConfigDef.ConfigKey key) {
        Set<String> values = new LinkedHashSet<>();
        List<String> texts = new ArrayList<>();
        if (key.defaultValue != null && key.hasDefault()) {
            String text = ConfigDef.convertToString(key.defaultValue, key.type);
            values.add(text);
            values.add(" " + text + "\t");
            values.add(text.toUpperCase(Locale.ROOT));
            values.add(text.toLowerCase(Locale.ROOT));
            values.add(text + "," + text);
            values.add(text + ",");
            texts.add(text);
        }
        String rule = key.validator == null ? "" : key.validator.toString();
        texts.add(rule);
        boolean isNumber = switch (key.type) { case INT, LONG, SHORT, DOUBLE -> true; default -> false; };
        if (isNumber) {
            for (String text : texts) {
                Matcher numbers = NUMBER.matcher(text);
                while (numbers.find()) {
                    try {
                        long number = Long.parseLong(numbers.group());
                        for (long step = -1; step <= 1; step++) values.add(String.valueOf(number + step));
                    } catch (NumberFormatException e) {
                        values.add(numbers.group());
                    }
                }
            }
        } else if (rule.contains("[")) {
            for (String choice : rule.substring(rule.indexOf('[') + 1).replace("]", "").split(", ")) {
                values.add(choice);
                values.add(choice.toUpperCase(Locale.ROOT));
                values.add(choice.toLowerCase(Locale.ROOT));
                values.add(choice + "," + choice);
                values.add(" " + choice + " ");
            }
        }
        Collections.addAll(values, SPECIAL.getOrDefault(key.name, new String[0]));
        values.removeAll(Arrays.asList(COMMON));
        return values;
    }

    private static String start(String name, String value) {
        Properties props = new Properties();
        props.setProperty("process.roles", "broker,controller");
        if (!name.equals("broker.id")) props.setProperty("node.id", "1");
        props.setProperty("controller.listener.names", "CONTROLLER");
        props.setProperty("listeners", "PLAINTEXT://localhost:19092,CONTROLLER://localhost:19093");
        if (!name.equals("controller.quorum.voters")) props.setProperty("controller.quorum.bootstrap.servers", "localhost:19093");
        props.setProperty(name, value);
        try {
            KafkaConfig config = KafkaConfig.fromProps(props, false);
            config.metadataLogDir();
            new CleanerConfig(config);
            new LogConfig(config.extractLogConfigMap());
            LogConfig.validateBrokerLogConfigValues(config.extractLogConfigMap(), config.remoteLogManagerConfig().isRemoteStorageSystemEnabled());
            return null;
        } catch (Throwable e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    private static String topic(String name, String value) {
        Properties props = new Properties();
        props.setProperty("process.roles", "broker,controller");
        props.setProperty("node.id", "1");
        props.setProperty("controller.listener.names", "CONTROLLER");
        props.setProperty("listeners", "PLAINTEXT://localhost:19092,CONTROLLER://localhost:19093");
        props.setProperty("controller.quorum.bootstrap.servers", "localhost:19093");
        KafkaConfig config = KafkaConfig.fromProps(props, false);
        try {
            LogConfig.validate(Map.of(), Map.of(name, value), config.extractLogConfigMap(), false);
            return null;
        } catch (Throwable e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    /** Printable ASCII stays; runs of more than 64 of a letter become \{letter,count}. */
    private static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int end = i;
            while (end < text.length() && text.charAt(end) == c) end++;
            if (end - i > 64) {
                escaped.append("\\{").append(c).append(',').append(end - i).append('}');
                i = end - 1;
            } else if (c == '\\') escaped.append("\\\\");
            else if (c < ' ' || c > '~') escaped.append(String.format("\\u%04x", (int) c));
            else escaped.append(c);
        }
        return escaped.toString();
    }
}
