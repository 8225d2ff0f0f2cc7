import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * Which questions a broker is asked: all, or those whose API keys -Dasked.apis names. Where a question is left out and a later one is made from
 * its answer (the resources whose configs are described), Kafka's answer from the folder -Dasked.recorded stands in for it.
 */
final class Asked {
    private static final String KEYS = System.getProperty("asked.apis", "");
    private static final Set<Integer> APIS = KEYS.isEmpty() ? null : Stream.of(KEYS.split(",")).map(Integer::valueOf).collect(Collectors.toSet());

    private Asked() {}

    /** A client that is let go of without waiting for what it still asks. */
    record Closing(Admin of) implements AutoCloseable {
        @Override
        public void close() {
            of.close(Duration.ZERO);
        }
    }

    /** The cluster's nodes; none where the broker's process ends before it says. */
    static Collection<org.apache.kafka.common.Node> nodes(Admin admin, Process process) throws Exception {
        KafkaFuture<Collection<org.apache.kafka.common.Node>> nodes = admin.describeCluster().nodes();
        while (process.isAlive() && !nodes.isDone()) Thread.sleep(20);
        return process.isAlive() ? nodes.get() : List.of();
    }

    static boolean has(ApiKeys api) {
        return APIS == null || APIS.contains((int) api.id);
    }

    /** Kafka's first answer of this API, or an empty one where there is none. */
    static ApiMessage recorded(ApiKeys api) throws IOException {
        Path file = Path.of(System.getProperty("asked.recorded", ".")).resolve(api.name + ".json");
        ApiMessage empty = ApiMessageType.fromApiKey(api.id).newResponse();
        if (!Files.exists(file)) return empty;
        JsonNode exchange = new ObjectMapper().readTree(file.toFile()).get(0);
        try {
            return (ApiMessage) Class.forName(empty.getClass().getName() + "JsonConverter").getMethod("read", JsonNode.class, short.class)
                .invoke(null, exchange.get("response"), exchange.get("version").shortValue());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("answers of " + api, e);
        }
    }
}
