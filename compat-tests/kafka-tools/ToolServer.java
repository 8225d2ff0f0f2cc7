import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's tools one after another in one JVM: a line {"tool", "arguments", "input"} in, a line {"exit", "out", "error"} out. A tool sees what it sees in
 * a process of its own: its input, an exit that ends it, and its shutdown hooks run when it has ended. What only a process shows (signals, a tool that is
 * ended from outside) needs a process.
 */
final class ToolServer {
    private static final String TOOLS = "org.apache.kafka.tools.";

    private static final Map<String, String> MAINS = new TreeMap<>(Map.ofEntries(
        Map.entry("kafka-acls", TOOLS + "AclCommand"),
        Map.entry("kafka-broker-api-versions", TOOLS + "BrokerApiVersionsCommand"),
        Map.entry("kafka-client-metrics", TOOLS + "ClientMetricsCommand"),
        Map.entry("kafka-cluster", TOOLS + "ClusterTool"),
        Map.entry("kafka-configs", "kafka.admin.ConfigCommand"),
        Map.entry("kafka-console-consumer", TOOLS + "consumer.ConsoleConsumer"),
        Map.entry("kafka-console-producer", TOOLS + "ConsoleProducer"),
        Map.entry("kafka-console-share-consumer", TOOLS + "consumer.ConsoleShareConsumer"),
        Map.entry("kafka-consumer-groups", TOOLS + "consumer.group.ConsumerGroupCommand"),
        Map.entry("kafka-consumer-perf-test", TOOLS + "ConsumerPerformance"),
        Map.entry("kafka-delegation-tokens", TOOLS + "DelegationTokenCommand"),
        Map.entry("kafka-delete-records", TOOLS + "DeleteRecordsCommand"),
        Map.entry("kafka-dump-log", TOOLS + "DumpLogSegments"),
        Map.entry("kafka-e2e-latency", TOOLS + "EndToEndLatency"),
        Map.entry("kafka-features", TOOLS + "FeatureCommand"),
        Map.entry("kafka-get-offsets", TOOLS + "GetOffsetShell"),
        Map.entry("kafka-groups", TOOLS + "GroupsCommand"),
        Map.entry("kafka-leader-election", TOOLS + "LeaderElectionCommand"),
        Map.entry("kafka-log-dirs", TOOLS + "LogDirsCommand"),
        Map.entry("kafka-metadata-quorum", TOOLS + "MetadataQuorumCommand"),
        Map.entry("kafka-producer-perf-test", TOOLS + "ProducerPerformance"),
        Map.entry("kafka-reassign-partitions", TOOLS + "reassign.ReassignPartitionsCommand"),
        Map.entry("kafka-replica-verification", TOOLS + "ReplicaVerificationTool"),
        Map.entry("kafka-share-groups", TOOLS + "consumer.group.ShareGroupCommand"),
        Map.entry("kafka-streams-groups", TOOLS + "streams.StreamsGroupCommand"),
        Map.entry("kafka-topics", TOOLS + "TopicCommand"),
        Map.entry("kafka-transactions", TOOLS + "TransactionsCommand"),
        Map.entry("kafka-verifiable-consumer", TOOLS + "VerifiableConsumer"),
        Map.entry("kafka-verifiable-producer", TOOLS + "VerifiableProducer")));

    /** Unwinds a tool that called for the end of its process. */
    private static final class Ended extends Error {
        private static final long serialVersionUID = 1;

        Ended() {
            super("the tool has ended", null, false, false);
        }
    }

    /** What a tool writes. Past the end of the tool nothing is kept, as of a process that is gone. */
    private static final class Output extends OutputStream {
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private boolean open;

        @Override
        public synchronized void write(int value) {
            if (open) kept.write(value);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            if (open) kept.write(bytes, offset, length);
        }

        synchronized void begin() {
            kept.reset();
            open = true;
        }

        synchronized void end() {
            open = false;
        }

        synchronized String text() {
            return kept.toString(StandardCharsets.UTF_8);
        }
    }

    /** Kafka's classes keep the stream that they saw first, so there is one, and each tool's input lies behind it. */
    private static final class Input extends InputStream {
        private volatile InputStream of = InputStream.nullInputStream();

        @Override
        public int read() throws java.io.IOException {
            return of.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws java.io.IOException {
            return of.read(bytes, offset, length);
        }

        @Override
        public int available() throws java.io.IOException {
            return of.available();
        }
    }

    /** Loads a tool's own classes anew, for they keep what they count in static fields; those of the clients behind it stay. */
    private static final class Fresh extends URLClassLoader {
        Fresh(URL[] classPath) {
            super(classPath, ToolServer.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(TOOLS) && !name.startsWith("kafka.admin.")) return super.loadClass(name, resolve);
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : findClass(name);
            }
        }
    }

    private final URL[] classPath;
    private final Output out = new Output();
    private final Output error = new Output();
    private final Input input = new Input();
    private final List<Runnable> hooks = new ArrayList<>();

    /** Those of the JVM, where some tools put theirs. */
    private final Map<Thread, Thread> hooksOfProcess;

    private List<Thread> hooksBefore = List.of();
    private Integer exit;

    @SuppressWarnings("unchecked")
    private ToolServer() throws MalformedURLException, ReflectiveOperationException {
        Field field = Class.forName("java.lang.ApplicationShutdownHooks").getDeclaredField("hooks");
        field.setAccessible(true);
        hooksOfProcess = (Map<Thread, Thread>) field.get(null);
        var path = new ArrayList<URL>();
        for (String jar : System.getProperty("java.class.path").split(File.pathSeparator)) path.add(Path.of(jar).toUri().toURL());
        classPath = path.toArray(URL[]::new);
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(error, true, StandardCharsets.UTF_8));
        System.setIn(input);
        Exit.setExitProcedure((status, message) -> ended(status));
        Exit.setHaltProcedure((status, message) -> ended(status));
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
    }

    public static void main(String[] arguments) throws Exception {
        var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var server = new ToolServer();
        var json = new ObjectMapper();
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            answers.println(json.writeValueAsString(server.run(json.readTree(line))));
        }
        Runtime.getRuntime().halt(0);
    }

    private Map<String, Object> run(JsonNode request) throws ReflectiveOperationException {
        var arguments = new ArrayList<String>();
        request.get("arguments").forEach(argument -> arguments.add(argument.asText()));
        String main = MAINS.get(request.get("tool").asText());
        if (main == null) throw new ClassNotFoundException(request.get("tool").asText());
        input.of = new ByteArrayInputStream(request.get("input").asText().getBytes(StandardCharsets.UTF_8));
        hooks.clear();
        hooksBefore = List.copyOf(hooksOfProcess.keySet());
        exit = null;
        out.begin();
        error.begin();
        int status;
        try {
            Class.forName(main, true, new Fresh(classPath)).getMethod("main", String[].class).invoke(null, (Object) arguments.toArray(String[]::new));
            status = 0;
        } catch (InvocationTargetException thrown) {
            status = 1;
            if (!(thrown.getCause() instanceof Ended)) {
                System.err.print("Exception in thread \"main\" ");
                thrown.getCause().printStackTrace();
            }
        }
        runHooks();
        out.end();
        error.end();
        return Map.of("exit", exit == null ? status : exit, "out", out.text(), "error", error.text());
    }

    /** The first call decides: what a tool does with the exit that it caught is not seen of a process. */
    private void ended(int status) {
        if (exit == null) {
            exit = status;
            runHooks();
            out.end();
            error.end();
        }
        throw new Ended();
    }

    private void runHooks() {
        List<Runnable> due = List.copyOf(hooks);
        hooks.clear();
        due.forEach(Runnable::run);
        var started = new ArrayList<Thread>(hooksOfProcess.keySet());
        started.removeAll(hooksBefore);
        started.forEach(hooksOfProcess::remove);
        started.forEach(Thread::start);
        for (Thread hook : started) {
            try {
                hook.join();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
