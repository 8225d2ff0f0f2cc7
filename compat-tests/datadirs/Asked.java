import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
