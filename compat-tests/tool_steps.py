"""What tools.py runs: each of Kafka's tools that works on one node without security, with each of its main options."""

import dataclasses

# What differs between two brokers and two runs. Ids are 22 characters of base64 or UUIDs; times are milliseconds or ISO dates.
MASKS = (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"(?<![\w.-])[A-Za-z0-9_-]{22}(?![\w-])", "ID"),
    (r"\b1[0-9]{12}\b", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*Z?", "TIME"),
    (r"-+$", ""),
)

NUMBERS = ((r"\d+(\.\d+)?", "N"),)


@dataclasses.dataclass(frozen=True)
class Step:
    """One run of a tool. `until` ends it after a line that matches, or leaves it in the background until a step that `stops` it."""

    label: str
    tool: str = ""
    arguments: tuple = ()
    input: str = ""
    files: dict = dataclasses.field(default_factory=dict)
    masks: tuple = ()
    keep: str = ""
    unique: bool = False
    until: str = ""
    background: bool = False
    stops: str = ""

    def comparable(self, results):
        """The lines of each broker that have to be alike."""
        return results


class ApiVersionsStep(Step):
    """What ours serves is served in Kafka's versions; what it does not serve our README says. Telemetry is advertised here always, by Kafka where a reporter takes it."""

    TELEMETRY = {"GetTelemetrySubscriptions(71)", "PushTelemetry(72)"}

    def comparable(self, results):
        served = [[line for line in lines if "UNSUPPORTED" not in line] for lines in results]
        ours = {self.name(line) for line in served[-1]} - self.TELEMETRY
        return [[line for line in lines if self.name(line) in ours] for lines in served]

    @staticmethod
    def name(line):
        return line.split(":")[0].strip()


STEPS = []


def steps(tool, server, *runs):
    """Steps of one tool: each run is its arguments as one text, or a pair of them and more fields of the step."""
    for run in runs:
        text, more = run if isinstance(run, tuple) else (run, {})
        STEPS.append(Step(f"{tool} {text}", tool, (*server, *text.split()), **more))


BROKER = ("--bootstrap-server", "{bootstrap}")
CONTROLLER = ("--bootstrap-controller", "{controller}")

steps(
    "kafka-topics", BROKER,
    "--create --topic one --partitions 1",
    "--create --topic single --partitions 1",
    "--create --topic grown --partitions 1",
    "--create --topic three --partitions 3 --config retention.ms=100000000 --config cleanup.policy=compact,delete",
    "--create --topic placed --replica-assignment 1,1",
    "--create --topic placed --replica-assignment 1:2",
    "--create --topic one",
    "--create --topic one --if-not-exists",
    "--create --topic a.b",
    "--create --topic a_b",
    "--create --topic many --replication-factor 2",
    "--create --topic none --partitions 0",
    "--create --topic strange --config no.such=1",
    "--list",
    "--describe",
    "--describe --topic three",
    "--describe --topics-with-overrides",
    "--describe --under-replicated-partitions",
    "--describe --unavailable-partitions",
    "--describe --at-min-isr-partitions --topic one",
    "--describe --under-min-isr-partitions",
    "--describe --topic nowhere",
    "--describe --topic nowhere --if-exists",
    "--alter --topic grown --partitions 2",
    "--alter --topic grown --partitions 2",
    "--alter --topic three --partitions 2",
    "--alter --topic placed --partitions 4 --replica-assignment 1,1,1,1",
    "--alter --topic placed --partitions 5 --replica-assignment 1,1,1,1,7",
    "--alter --topic nowhere --partitions 3",
    "--alter --topic nowhere --partitions 3 --if-exists",
    "--delete --topic placed",
    "--delete --topic placed",
    "--delete --topic placed --if-exists",
)
steps(
    "kafka-console-producer", BROKER,
    ("--topic single", {"input": "alone\n"}),
)
steps(
    "kafka-log-dirs", BROKER,
    "--describe --topic-list single,grown",
    "--describe --topic-list nowhere",
    "--describe --topic-list single --broker-list 1",
    "--describe --topic-list single --broker-list 7",
)
STEPS.append(Step("kafka-dump-log of a log", "kafka-dump-log", ("--print-data-log", "--files", "{data}/single-0/00000000000000000000.log"),
                  masks=((r"crc: \d+", "crc: N"),)))
steps(
    "kafka-verifiable-producer", BROKER,
    ("--topic three --max-messages 20 --acks -1 --repeating-keys 4", {"masks": ((r'"(offset|partition|avg_throughput|target_throughput)":-?[\d.]+', r'"\1":N'),)}),
    ("--topic one --max-messages 5 --acks 1 --value-prefix 7", {"masks": ((r'"(offset|partition|avg_throughput|target_throughput)":-?[\d.]+', r'"\1":N'),)}),
)
steps(
    "kafka-get-offsets", BROKER,
    "",
    "--topic three",
    "--topic three --time -1",
    "--topic three --time earliest",
    "--topic single --time max-timestamp",
    "--topic three --time latest-tiered",
    "--topic three --partitions 0,2",
    "--topic-partitions one:0,three:1-3",
    "--topic three --time 1",
    "--exclude-internal-topics --time latest",
    "--topic nowhere",
)
STEPS += [
    Step("kafka-delete-records two partitions", "kafka-delete-records", (*BROKER, "--offset-json-file", "{folder}/delete.json"),
         files={"delete.json": '{"partitions": [{"topic": "three", "partition": 0, "offset": -1}, {"topic": "three", "partition": 1, "offset": 1}], "version": 1}'}),
    Step("kafka-delete-records beyond the end", "kafka-delete-records", (*BROKER, "--offset-json-file", "{folder}/delete.json"),
         files={"delete.json": '{"partitions": [{"topic": "three", "partition": 2, "offset": 1000000}], "version": 1}'}),
    Step("kafka-delete-records twice the same", "kafka-delete-records", (*BROKER, "--offset-json-file", "{folder}/delete.json"),
         files={"delete.json": '{"partitions": [{"topic": "single", "partition": 0, "offset": 0}, {"topic": "single", "partition": 0, "offset": 1}], "version": 1}'}),
    Step("kafka-get-offsets after kafka-delete-records", "kafka-get-offsets", (*BROKER, "--topic", "three", "--time", "earliest")),
]

# A group that is gone when it is described, and one that lives.
EVENTS = {"keep": r'"name"', "unique": True, "masks": ((r'"(minOffset|maxOffset|count|partition|offset)":-?\d+', r'"\1":N'),)}
steps(
    "kafka-verifiable-consumer", BROKER,
    ("--topic three --group-id gone --max-messages 15 --reset-policy earliest", EVENTS),
)
STEPS.append(Step("a consumer of the group live", "kafka-verifiable-consumer", (*BROKER, "--topic", "one", "--group-id", "live", "--reset-policy", "latest"),
                  until="partitions_assigned", background=True, keep='"name"', unique=True))
steps(
    "kafka-consumer-groups", BROKER,
    "--list",
    "--list --state",
    "--list --state empty",
    "--list --type",
    "--list --type classic",
    "--describe --group gone",
    "--describe --group gone --offsets --verbose",
    "--describe --group gone --members",
    "--describe --group gone --state",
    "--describe --group live",
    "--describe --group live --members",
    "--describe --group live --members --verbose",
    "--describe --group live --state",
    "--describe --group nobody",
    "--describe --all-groups --state",
    "--reset-offsets --group gone --topic three --to-earliest --dry-run",
    "--reset-offsets --group gone --topic three:0,1 --to-latest --execute",
    "--reset-offsets --group gone --all-topics --to-offset 2 --dry-run --export",
    "--reset-offsets --group gone --topic three --shift-by -1 --dry-run",
    "--reset-offsets --group gone --topic three --by-duration PT1H --dry-run",
    "--reset-offsets --group gone --topic three --to-datetime 2020-01-01T00:00:00.000 --dry-run",
    "--reset-offsets --group gone --topic three --to-current --execute",
    ("--reset-offsets --group gone --from-file {folder}/reset.csv --execute", {"files": {"reset.csv": "three,0,1\nthree,2,1\n"}}),
    "--reset-offsets --group live --topic one --to-earliest --execute",
    "--reset-offsets --group fresh --topic three --to-earliest --execute",
    "--describe --group fresh",
    "--delete-offsets --group fresh --topic three:0,2",
    "--delete-offsets --group fresh --topic nowhere",
    "--delete-offsets --group live --topic one",
    "--delete-offsets --group nobody --topic one",
    "--describe --group fresh",
    "--delete --group live",
    "--delete --group fresh --group nobody",
    "--list",
)
steps(
    "kafka-groups", BROKER,
    "--list",
    "--list --group-type classic",
    "--list --consumer",
    "--list --share",
    "--list --protocol consumer",
)
STEPS.append(Step("the consumer of the group live ends", stops="a consumer of the group live", keep="shutdown"))
steps("kafka-consumer-groups", BROKER, "--delete --group gone --group live")

steps(
    "kafka-leader-election", BROKER,
    "--election-type preferred --topic one --partition 0",
    "--election-type preferred --all-topic-partitions",
    "--election-type unclean --topic grown --partition 1",
    "--election-type unclean --all-topic-partitions",
    "--election-type preferred --topic nowhere --partition 0",
    ("--election-type preferred --path-to-json-file {folder}/elect.json",
     {"files": {"elect.json": '{"partitions": [{"topic": "one", "partition": 0}, {"topic": "three", "partition": 1}]}'}}),
)
MOVE = '{"version": 1, "partitions": [{"topic": "three", "partition": 0, "replicas": [1]}, {"topic": "three", "partition": 1, "replicas": [%d]}]}'
steps(
    "kafka-reassign-partitions", BROKER,
    ("--generate --topics-to-move-json-file {folder}/topics.json --broker-list 1", {"files": {"topics.json": '{"topics": [{"topic": "three"}], "version": 1}'}}),
    ("--execute --reassignment-json-file {folder}/move.json", {"files": {"move.json": MOVE % 1}}),
    "--verify --reassignment-json-file {folder}/move.json --preserve-throttles",
    "--cancel --reassignment-json-file {folder}/move.json --preserve-throttles",
    "--list",
    ("--execute --reassignment-json-file {folder}/nobody.json", {"files": {"nobody.json": MOVE % 7}}),
)
steps("kafka-reassign-partitions", CONTROLLER, "--list")
EPOCH = {"masks": ((r"Epoch: \d+", "Epoch: N"),)}
steps(
    "kafka-features", BROKER,
    ("describe", EPOCH),
    "upgrade --feature group.version=1",
    "upgrade --feature group.version=9",
    "upgrade --feature no.such=1",
    "downgrade --feature share.version=1 --dry-run",
    "downgrade --feature share.version=1",
    "disable --feature streams.version",
    ("describe", EPOCH),
    "upgrade --feature share.version=2 --feature streams.version=1",
    "downgrade --feature metadata.version=7",
    "downgrade --feature metadata.version=7 --unsafe",
    "version-mapping --release-version 4.0",
    "feature-dependencies --feature eligible.leader.replicas.version=1",
)
steps("kafka-features", CONTROLLER, ("describe", EPOCH), "upgrade --feature group.version=1")
for server in (BROKER, CONTROLLER):
    STEPS += [
        Step(f"kafka-cluster {command} {server[0]}", "kafka-cluster", (command, *server, *more))
        for command, more in (("cluster-id", ()), ("list-endpoints", ()), ("unregister", ("--id", "7")))
    ]
    steps("kafka-metadata-quorum", server, ("describe --status", {"masks": NUMBERS}), ("describe --replication", {"masks": NUMBERS}),
          ("describe --replication --human-readable", {"masks": NUMBERS}))
STEPS.append(Step("kafka-cluster list-endpoints --include-fenced-brokers", "kafka-cluster", ("list-endpoints", *BROKER, "--include-fenced-brokers")))
STEPS.append(ApiVersionsStep("kafka-broker-api-versions", "kafka-broker-api-versions", BROKER, masks=((r",$", ""), (r"^.*-> \(.*", "address"))))

steps(
    "kafka-producer-perf-test", (),
    ("--bootstrap-server {bootstrap} --topic one --num-records 2000 --record-size 100 --throughput -1", {"masks": ((r"(?<=sent, ).*", "N"),)}),
    ("--bootstrap-server {bootstrap} --topic one --num-records 50 --throughput 1000 --payload-file {folder}/payload --command-property acks=1",
     {"masks": ((r"(?<=sent, ).*", "N"),), "files": {"payload": "first\nsecond\n"}}),
)
steps(
    "kafka-consumer-perf-test", BROKER,
    ("--topic one --num-records 2000", {"masks": ((r"^TIME.*?, .*?, [\d.]+, [\d.]+, (\d+), .*$", r"row \1"),)}),
)
STEPS.append(Step("kafka-e2e-latency", "kafka-e2e-latency", ("{bootstrap}", "one", "200", "all", "100"), masks=NUMBERS, unique=True))
steps(
    "kafka-replica-verification", (),
    ("--broker-list {bootstrap} --topics-include one|three --time -2 --report-interval-ms 500",
     {"until": "max lag is", "masks": ((r"partition \S+ at offset -?\d+", "partition P at offset N"),)}),
)
