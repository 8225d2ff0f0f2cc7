import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import org.apache.kafka.metadata.properties.MetaProperties;
import org.apache.kafka.metadata.properties.MetaPropertiesEnsemble;
import org.apache.kafka.metadata.properties.MetaPropertiesEnsemble.VerificationFlag;
import org.apache.kafka.raft.ElectionState;
import org.apache.kafka.raft.FileQuorumStateStore;
import org.apache.kafka.storage.internals.checkpoint.*;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;

/**
 * Apache Kafka's verdict over small files of a log directory, as they are and mutated: what it reads out of each, or that it refuses. A line each: kind, verdict,
 * content in base64. Usage: verdicts.sh | gzip -9n > ../../tests/Shared/SmallFiles/verdicts.tsv.gz
 */
public class SmallFiles {
    private static final String ID = "KSUyOkOPTnOHPk5IbK18eQ", OTHER = "NALOcgo32orwXyYukftsAg";
    private static final String[] META = {
        "#\n#Sun Nov 22 22:11:17 UTC 2026\nnode.id=1\ndirectory.id=" + ID + "\nversion=1\ncluster.id=" + OTHER + "\n",
        "#\n#Tue Oct 03 10:00:00 CEST 2023\ncluster.id=" + OTHER + "\nversion=1\nnode.id=1\n",
        "version=0\nbroker.id=1\ncluster.id=" + OTHER + "\n",
    };
    private static final String[] OFFSETS = { "0\n3\nt 0 5\nt 1 0\n__consumer_offsets 49 9223372036854775807\n", "0\n0\n", "0\n1\na.b_c-1 7 12\n" };
    private static final String[] EPOCHS = { "0\n3\n0 0\n2 5\n7 100\n", "0\n0\n", "0\n1\n3 9\n" };
    private static final String[] PARTITION = { "version: 0\ntopic_id: " + ID, "version: 0\ntopic_id: " + ID + "\n" };
    private static final String[] QUORUM = {
        "{\"leaderId\":1,\"leaderEpoch\":3,\"votedId\":-1,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}",
        "{\"clusterId\":\"\",\"leaderId\":1,\"leaderEpoch\":3,\"votedId\":-1,\"appliedOffset\":0,\"currentVoters\":[{\"voterId\":1}],\"data_version\":0}",
        "{\"leaderId\":-1,\"leaderEpoch\":9,\"votedId\":1,\"votedDirectoryId\":\"" + ID + "\",\"data_version\":1}",
    };
    private static final String[] CLEAN = { "{\"version\":0,\"brokerEpoch\":13}", "" };

    /** What takes the place of a number, an id or a word. */
    private static final String[] VALUES = {
        "", "-1", "+5", "05", "0", "1", "7", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-0", "1.0", "1e3", "0x10", "null", "true", "x", "\u0661",
        ID, OTHER, "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAZA", "KSUyOkOPTnOHPk5IbK18eR", "KSUyOkOPTnOHPk5IbK18eQ==", "KSUyOkOPTnOHPk5IbK18e", "KSUyOkOPTnOHPk5IbK18eQA",
        "KSUyOkOPTnOH+k5IbK18/Q", "\"1\"", "[1]", "{}", "\"" + ID + "\"", "\"\"", "my-cluster", "a b", "\u00e9", "\\u0031", "1 ", " 1",
    };

    public static void main(String[] args) throws Exception {
        PrintStreams.quiet();
        Map<String, String[]> kinds = new LinkedHashMap<>();
        kinds.put("meta.properties", META);
        kinds.put("offsets", OFFSETS);
        kinds.put("epochs", EPOCHS);
        kinds.put("partition.metadata", PARTITION);
        kinds.put("quorum-state", QUORUM);
        kinds.put("clean", CLEAN);
        Path root = Files.createTempDirectory("small-files-");
        int[] number = {0};
        StringBuilder out = new StringBuilder();
        for (Map.Entry<String, String[]> kind : kinds.entrySet()) {
            Set<String> contents = new LinkedHashSet<>();
            for (String base : kind.getValue())
                mutate(kind.getKey(), base, contents);
            for (String content : contents) {
                byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
                out.append(kind.getKey()).append('\t').append(verdict(kind.getKey(), bytes, root.resolve("" + number[0]++))).append('\t')
                    .append(Base64.getEncoder().encodeToString(bytes)).append('\n');
            }
        }
        System.out.print(out);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void mutate(String kind, String base, Set<String> into) {
        into.add(base);
        into.add("\ufeff" + base);
        into.add(base.replace("\n", "\r\n"));
        into.add(base.replace("\n", "\r"));
        into.add(base + "\n");
        into.add(base + "\n\n");
        into.add(base + " ");
        into.add(base + "\0");
        into.add(base + "junk");
        into.add(base + "\njunk");
        into.add("\n" + base);
        into.add(" " + base);
        into.add("# c\n" + base);
        into.add(base.toUpperCase(Locale.ROOT));
        into.add(base + base);
        for (int cut = 0; cut < base.length(); cut += Math.max(1, base.length() / 24))
            into.add(base.substring(0, cut));
        into.add("\0".repeat(base.length()));
        if (base.startsWith("{"))
            json(base, into);
        else
            lines(kind, base, into);
    }

    private static void lines(String kind, String base, Set<String> into) {
        List<String> lines = new ArrayList<>(List.of(base.split("\n", -1)));
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            into.add(with(lines, i, null));
            into.add(with(lines, i, line + "\n" + line));
            into.add(with(lines, i, line + "\n"));
            if (line.isEmpty())
                continue;
            for (String other : List.of(" " + line, line + " ", "\t" + line, line + "\t", line + "\r", "\u00a0" + line, line + "\0", "#" + line, "!" + line, line + "\\", line.replace(" ", "  "), line.replace(" ", "\t"),
                line.replace("=", " = "), line.replace("=", ":"), line.replace("=", " "), line.replace("=", "=="), line.replace(": ", ":"), line.replace(": ", " : "), line.replace(": ", "="), line.replace(".", "\\."), line + " 1", line.toUpperCase(Locale.ROOT)))
                into.add(with(lines, i, other));
            int mark = Math.max(line.indexOf('='), Math.max(line.indexOf(": ") + 1, kind.equals("offsets") || kind.equals("epochs") ? -1 : -1));
            if (kind.equals("offsets") || kind.equals("epochs")) {
                String[] cells = line.split(" ");
                for (int c = 0; c < cells.length; c++)
                    for (String value : VALUES) {
                        String[] changed = cells.clone();
                        changed[c] = value;
                        into.add(with(lines, i, String.join(" ", changed)));
                    }
            } else if (mark > 0) {
                for (String value : VALUES)
                    into.add(with(lines, i, line.substring(0, mark + 1) + (line.charAt(mark) == '=' ? "" : " ") + value));
            }
        }
        if (lines.size() > 1)
            Collections.swap(lines, 0, 1);
        into.add(String.join("\n", lines));
    }

    private static String with(List<String> lines, int index, String line) {
        List<String> changed = new ArrayList<>(lines);
        if (line == null)
            changed.remove(index);
        else
            changed.set(index, line);
        return String.join("\n", changed);
    }

    private static void json(String base, Set<String> into) {
        into.add(base.replace(":", " : ").replace(",", " ,\n"));
        into.add("[" + base + "]");
        into.add(base.substring(0, base.length() - 1) + ",}");
        into.add(base.substring(0, base.length() - 1) + ",\"more\":1}");
        into.add(base.replace("\"", "'"));
        into.add("/* c */" + base);
        into.add("null");
        into.add("{}");
        String[] fields = base.substring(1, base.length() - 1).split(",(?=\")");
        for (int i = 0; i < fields.length; i++) {
            List<String> rest = new ArrayList<>(List.of(fields));
            rest.remove(i);
            into.add("{" + String.join(",", rest) + "}");
            String name = fields[i].substring(0, fields[i].indexOf(':') + 1);
            for (String value : VALUES) {
                rest = new ArrayList<>(List.of(fields));
                rest.set(i, name + value);
                into.add("{" + String.join(",", rest) + "}");
                rest.set(i, name + "\"" + value + "\"");
                into.add("{" + String.join(",", rest) + "}");
            }
            rest = new ArrayList<>(List.of(fields));
            rest.add(fields[i].replaceAll("[0-9]+", "4"));
            into.add("{" + String.join(",", rest) + "}");
        }
    }

    private static String verdict(String kind, byte[] bytes, Path folder) throws Exception {
        Files.createDirectory(folder);
        LogDirFailureChannel failures = new LogDirFailureChannel(10);
        try {
            switch (kind) {
                case "meta.properties": {
                    Files.write(folder.resolve("meta.properties"), bytes);
                    MetaPropertiesEnsemble ensemble = new MetaPropertiesEnsemble.Loader().addMetadataLogDir(folder.toString()).addLogDirs(List.of(folder.toString())).load();
                    ensemble.verify(Optional.empty(), OptionalInt.of(1), EnumSet.of(VerificationFlag.REQUIRE_AT_LEAST_ONE_VALID, VerificationFlag.REQUIRE_METADATA_LOG_DIR));
                    MetaProperties meta = ensemble.logDirProps().get(folder.toString());
                    // A node of KRaft asks for both.
                    if (meta == null || meta.nodeId().isEmpty() || meta.clusterId().isEmpty())
                        return "refused";
                    return text(meta.clusterId().get()) + " " + meta.nodeId().getAsInt() + " " + meta.directoryId().map(Object::toString).orElse("-");
                }
                case "offsets": {
                    File file = Files.write(folder.resolve("offsets"), bytes).toFile();
                    TreeSet<String> read = new TreeSet<>();
                    new OffsetCheckpointFile(file, failures).read().forEach((partition, offset) -> read.add(text(partition.topic()) + " " + partition.partition() + " " + offset));
                    return "[" + String.join(";", read) + "]";
                }
                case "epochs": {
                    File file = Files.write(folder.resolve("leader-epoch-checkpoint"), bytes).toFile();
                    List<String> read = new ArrayList<>();
                    new LeaderEpochCheckpointFile(file, failures).read().forEach(entry -> read.add(entry.epoch() + " " + entry.startOffset()));
                    return "[" + String.join(";", read) + "]";
                }
                case "partition.metadata": {
                    File file = Files.write(folder.resolve("partition.metadata"), bytes).toFile();
                    return new PartitionMetadataFile(file, failures).read().topicId().toString();
                }
                case "quorum-state": {
                    File file = Files.write(folder.resolve("quorum-state"), bytes).toFile();
                    Optional<ElectionState> state = new FileQuorumStateStore(file).readElectionState();
                    if (state.isEmpty())
                        return "absent";
                    ElectionState read = state.get();
                    return read.epoch() + " " + read.leaderIdOrSentinel() + " " + read.optionalVotedKey().map(voted -> voted.id() + " " + voted.directoryId().map(Object::toString).orElse("-")).orElse("-1 -");
                }
                default: {
                    Files.write(folder.resolve(".kafka_cleanshutdown"), bytes);
                    OptionalLong epoch = new CleanShutdownFileHandler(folder.toString()).read();
                    return epoch.isPresent() ? "" + epoch.getAsLong() : "-1";
                }
            }
        } catch (Throwable refused) {
            return "refused";
        }
    }

    private static String text(String value) {
        return Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8));
    }

    private static final class PrintStreams {
        static void quiet() {
            System.setProperty("log4j2.level", "OFF");
            System.setErr(new java.io.PrintStream(java.io.OutputStream.nullOutputStream()));
        }
    }
}
