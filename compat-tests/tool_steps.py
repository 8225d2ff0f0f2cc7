"""What tools.py runs: each of Kafka's tools that works on one node without security, with each of its main options. They go one after another over one
pair of brokers, so that later ones find what earlier ones made."""

import config_tool_steps
import log_tool_steps
from tool_step import BROKER, CONTROLLER, NUMBERS, ApiVersionsStep, Step, steps

STEPS = []

# For requests that a client repeats until it has no more time.
SHORT = "default.api.timeout.ms=2000\nrequest.timeout.ms=1500\n"

STEPS += steps(
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
    "--create --topic defaults",
    "--create --topic strange?",
    "--create --topic .",
    "--create --topic " + "n" * 249,
    "--create --topic " + "n" * 250,
    "--create --topic __cluster_metadata",
    "--create --topic twice --replica-assignment 1:1",
    "--create --topic uneven --replica-assignment 1,1:2",
    "--create --topic nobody --replica-assignment 7",
    "--create --topic both --partitions 1 --replica-assignment 1",
    "--create --topic strange --config cleanup.policy=delete,delete",
    "--create --topic strange --config min.cleanable.dirty.ratio=nan",
    "--create --topic strange --config compression.gzip.level=ten",
    "--create --topic strange --config retention.ms=-7",
    "--create --topic strange --config min.compaction.lag.ms=9 --config max.compaction.lag.ms=1",
    "--create --topic strange --config retention.ms",
    "--create --topic overridden --config retention.ms=1000 --config retention.ms=2000",
    "--list",
    "--list --topic t.*",
    "--list --exclude-internal",
    "--describe",
    "--describe --topic t.*|a.*",
    "--describe --exclude-internal --topics-with-overrides",
    "--describe --partition-size-limit-per-response 1",
    "--describe --topic-id AAAAAAAAAAAAAAAAAAAAAA",
    "--describe --topic-id none",
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
    "--delete --topic n.*",
    "--alter --topic a.*|defaults --partitions 2",
    "--describe --topic a.*|defaults",
)
STEPS += steps(
    "kafka-console-producer", BROKER,
    ("--topic single", {"input": "alone\n"}),
    ("--topic told --reader-property parse.key=true --reader-property key.separator=:", {"input": "a:first\nb:second\n"}),
    ("--topic told --reader-property parse.key=true --reader-property parse.headers=true --reader-property null.marker=NULL",
     {"input": "h:1,i:2\tc\tthird\nh:3\tNULL\tNULL\n"}),
    *((f"--topic told --compression-codec {codec} --batch-size 1000 --timeout 5", {"input": f"{codec} one\n{codec} two\n"}) for codec in ("none", "gzip", "snappy", "lz4", "zstd")),
    ("--topic told --sync --request-required-acks 1", {"input": "at once\n"}),
    ("--topic told --request-required-acks 0", {"input": "unheard\n"}),
    ("--topic told --command-property enable.idempotence=false --max-block-ms 5000", {"input": "plain\n"}),
)
# A log that rolled: its first segment is closed, with indexes as large as what they hold.
STEPS += steps("kafka-topics", BROKER, "--create --topic rolled --config segment.bytes=1048576")
STEPS += steps("kafka-console-producer", BROKER, ("--topic rolled --sync --timeout 0", {"input": "".join(f"{number:2000}\n" for number in range(600))}))
PRINTED = ("key", "offset", "partition", "headers", "epoch", "delivery", "value")
STEPS += steps(
    "kafka-console-consumer", BROKER,
    "--topic told --from-beginning --max-messages 4 " + " ".join(f"--formatter-property print.{name}=true" for name in PRINTED),
    ("--topic told --from-beginning --max-messages 2 --formatter-property print.timestamp=true", {"masks": ((r"CreateTime:\d+", "CreateTime:N"),)}),
    "--topic told --partition 0 --offset 1 --max-messages 2",
    "--topic told --partition 0 --offset earliest --max-messages 1 --isolation-level read_committed",
    "--include tol.|nothing --from-beginning --max-messages 15 --group reader",
    "--topic told --from-beginning --group reader --timeout-ms 1500",
    "--topic told --partition 7 --offset earliest --timeout-ms 1500",
    "--topic told --partition 0 --offset 1000 --timeout-ms 1500",
    "--topic told --from-beginning --max-messages 1 --command-property key.deserializer=none.Such",
    ("--topic __consumer_offsets --from-beginning --timeout-ms 2000 --formatter org.apache.kafka.tools.consumer.OffsetsMessageFormatter",
     {"masks": ((r'"(offset|commitTimestamp|expireTimestamp|leaderEpoch)":-?\d+', r'"\1":N'),), "unique": True}),
    ("--topic __consumer_offsets --from-beginning --timeout-ms 2000 --formatter org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter",
     {"masks": ((r'"(currentStateTimestamp|generation)":-?\d+', r'"\1":N'), (r"console-consumer-(ID|UUID)", "MEMBER"), (r'\}\{"key"', '}\n{"key"')), "unique": True}),
)
STEPS += steps(
    "kafka-log-dirs", BROKER,
    "--describe --topic-list single,grown",
    "--describe --topic-list nowhere",
    ("--describe", {"masks": ((r'"size":\d+', '"size":N'), (r"(?<=\}),\{", "\n{"), (r"^(\{.*)\[\{|\],", r"\1\n{"))}),
    "--describe --topic-list single --broker-list 1",
    "--describe --topic-list single --broker-list x",
    "--describe --topic-list single --broker-list 7",
)
STEPS += steps(
    "kafka-verifiable-producer", BROKER,
    ("--topic three --max-messages 20 --acks -1 --repeating-keys 4", {"masks": ((r'"(offset|partition|avg_throughput|target_throughput)":-?[\d.]+', r'"\1":N'),)}),
    ("--topic one --max-messages 5 --acks 1 --value-prefix 7", {"masks": ((r'"(offset|partition|avg_throughput|target_throughput)":-?[\d.]+', r'"\1":N'),)}),
    # So many that they take longer than a millisecond: the times go on from the one given.
    ("--topic dated --max-messages 30 --message-create-time 1000 --throughput 100", {"masks": ((r'"(offset|partition|avg_throughput|target_throughput)":-?[\d.]+', r'"\1":N'),)}),
)
STEPS += steps(
    "kafka-get-offsets", BROKER,
    ("", {"masks": ((r"^(__consumer_offsets:\d+):\d+", r"\1:N"),)}),
    "--topic three",
    "--topic three --time -1",
    "--topic three --time earliest",
    "--topic single --time max-timestamp",
    "--topic three --time latest-tiered",
    "--topic three --partitions 0,2",
    "--topic-partitions one:0,three:1-3",
    "--topic three --time 1",
    ("--topic dated --time 1001", {"masks": ((r"^(dated:0:)\d+$", r"\1N"),)}),
    "--topic single --time 99999999999999",
    "--topic single --time earliest-local",
    "--topic single --time earliest-pending-upload",
    "--topic single --time sometime",
    "--topic one --partitions 7",
    "--topic-partitions one:7",
    "--topic t.*|single",
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
    Step("kafka-delete-records of no topic", "kafka-delete-records", (*BROKER, "--offset-json-file", "{folder}/delete.json", "--command-config", "{folder}/short.properties"),
         masks=((r"(TimeoutException: ).*", r"\1why"),), files={"short.properties": SHORT, "delete.json": '{"partitions": [{"topic": "nowhere", "partition": 0, "offset": 1}, {"topic": "single", "partition": 7, "offset": 1}], "version": 1}'}),
    Step("kafka-delete-records of no form", "kafka-delete-records", (*BROKER, "--offset-json-file", "{folder}/delete.json"), files={"delete.json": '{"version": 2}'}),
    Step("kafka-get-offsets after kafka-delete-records", "kafka-get-offsets", (*BROKER, "--topic", "three", "--time", "earliest")),
]

# A group that is gone when it is described, and one that lives.
EVENTS = {"keep": r'"name"', "unique": True, "masks": ((r'"(minOffset|maxOffset|count|partition|offset)":-?\d+', r'"\1":N'),)}
STEPS += steps(
    "kafka-verifiable-consumer", BROKER,
    ("--topic three --group-id gone --max-messages 15 --reset-policy earliest", EVENTS),
    ("--topic one --group-id auto --max-messages 3 --reset-policy earliest --enable-autocommit --verbose",
     {**EVENTS, "masks": (*EVENTS["masks"], (r'"value":"[^"]*"', '"value":V'))}),
    ("--topic one --group-id static --max-messages 3 --reset-policy earliest --group-instance-id fixed", EVENTS),
    ("--topic three,one --group-id robin --max-messages 10 --reset-policy earliest --assignment-strategy org.apache.kafka.clients.consumer.RoundRobinAssignor", EVENTS),
)
STEPS.append(Step("a consumer of the group live", "kafka-verifiable-consumer", (*BROKER, "--topic", "one", "--group-id", "live", "--reset-policy", "latest"),
                  until="partitions_assigned", background=True, keep='"name"', unique=True))
STEPS += steps(
    "kafka-consumer-groups", BROKER,
    "--list",
    "--list --state",
    "--list --state empty",
    "--list --type",
    "--list --type classic",
    "--list --type share",
    "--list --type nonsense",
    "--list --state nonsense",
    "--list --state stable,empty --type classic",
    "--describe --group static --members --verbose",
    "--describe --group gone --members --offsets",
    "--describe --all-groups --members",
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
    "--reset-offsets --group gone --topic three --to-offset 100000 --dry-run",
    "--reset-offsets --group gone --topic three:7 --to-earliest --dry-run",
    "--reset-offsets --group gone --topic nowhere --to-earliest --execute",
    "--reset-offsets --group gone --topic three --to-earliest",
    "--reset-offsets --group gone --topic three --execute",
    "--reset-offsets --group gone --group auto --topic three --to-earliest --dry-run",
    "--reset-offsets --group gone --topic three --to-latest --dry-run --export",
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
STEPS += steps(
    "kafka-groups", BROKER,
    "--list",
    "--list --group-type classic",
    "--list --consumer",
    "--list --share",
    "--list --protocol consumer",
    "--list --protocol consumer --group-type classic",
    "--list --group-type consumer",
    "--list --group-type share",
    "--list --streams",
    "--list --group-type nonsense",
)
STEPS.append(Step("the consumer of the group live ends", stops="a consumer of the group live", keep="shutdown"))
STEPS += steps("kafka-consumer-groups", BROKER, "--delete --group gone --group live")

STEPS += steps(
    "kafka-leader-election", BROKER,
    "--election-type preferred --topic one --partition 0",
    "--election-type preferred --all-topic-partitions",
    "--election-type unclean --topic grown --partition 1",
    "--election-type unclean --all-topic-partitions",
    "--election-type preferred --topic nowhere --partition 0",
    ("--election-type preferred --path-to-json-file {folder}/elect.json",
     {"files": {"elect.json": '{"partitions": [{"topic": "one", "partition": 0}, {"topic": "three", "partition": 1}]}'}}),
    ("--election-type preferred --path-to-json-file {folder}/elect2.json",
     {"files": {"elect2.json": '{"partitions": [{"topic": "one", "partition": 7}, {"topic": "three", "partition": 1}]}'}}),
    ("--election-type unclean --path-to-json-file {folder}/elect3.json",
     {"files": {"elect3.json": '{"partitions": [{"topic": "one", "partition": 0}, {"topic": "one", "partition": 0}]}'}}),
    "--election-type best --topic one --partition 0",
    "--election-type preferred --topic one",
)
MOVE = '{"version": 1, "partitions": [{"topic": "three", "partition": 0, "replicas": [1]}, {"topic": "three", "partition": 1, "replicas": [%d]}]}'
STEPS += steps(
    "kafka-reassign-partitions", BROKER,
    ("--generate --topics-to-move-json-file {folder}/topics.json --broker-list 1", {"files": {"topics.json": '{"topics": [{"topic": "three"}], "version": 1}'}}),
    ("--execute --reassignment-json-file {folder}/move.json", {"files": {"move.json": MOVE % 1}}),
    "--verify --reassignment-json-file {folder}/move.json --preserve-throttles",
    "--cancel --reassignment-json-file {folder}/move.json --preserve-throttles",
    "--list",
    ("--execute --reassignment-json-file {folder}/nobody.json", {"files": {"nobody.json": MOVE % 7}}),
    "--generate --topics-to-move-json-file {folder}/topics.json --broker-list 1,7",
    ("--generate --topics-to-move-json-file {folder}/none.json --broker-list 1 --disable-rack-aware", {"files": {"none.json": '{"topics": [{"topic": "nowhere"}], "version": 1}'}}),
    "--execute --reassignment-json-file {folder}/move.json --throttle 100000",
    "--execute --reassignment-json-file {folder}/move.json --additional --throttle 50000",
    "--verify --reassignment-json-file {folder}/move.json",
    "--execute --reassignment-json-file {folder}/move.json --disallow-replication-factor-change --timeout 5000",
    ("--execute --reassignment-json-file {folder}/any.json",
     {"files": {"any.json": '{"version": 1, "partitions": [{"topic": "three", "partition": 0, "replicas": [1], "log_dirs": ["any"]}]}'}}),
    ("--execute --reassignment-json-file {folder}/here.json --replica-alter-log-dirs-throttle 100000",
     {"files": {"here.json": '{{"version": 1, "partitions": [{{"topic": "three", "partition": 0, "replicas": [1], "log_dirs": ["{data}"]}}]}}'}}),
    "--verify --reassignment-json-file {folder}/here.json",
    ("--execute --reassignment-json-file {folder}/there.json --timeout 2000",
     {"files": {"there.json": '{"version": 1, "partitions": [{"topic": "three", "partition": 0, "replicas": [1], "log_dirs": ["/nowhere"]}]}'}}),
    ("--execute --reassignment-json-file {folder}/twice.json",
     {"files": {"twice.json": '{"version": 1, "partitions": [{"topic": "three", "partition": 0, "replicas": [1, 1]}]}'}}),
    ("--execute --reassignment-json-file {folder}/missing.json",
     {"files": {"missing.json": '{"version": 1, "partitions": [{"topic": "nowhere", "partition": 0, "replicas": [1]}, {"topic": "three", "partition": 9, "replicas": [1]}]}'}}),
)
STEPS += steps("kafka-configs", BROKER, "--describe --broker 1", "--describe --topic three")
STEPS += steps("kafka-reassign-partitions", CONTROLLER, "--list")
EPOCH = {"masks": ((r"Epoch: \d+", "Epoch: N"),)}
STEPS += steps(
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
    "version-mapping",
    "version-mapping --release-version 1.0",
    "upgrade --metadata 4.3-IV0",
    "upgrade --release-version 4.3",
    "downgrade --release-version 4.0 --dry-run",
    "downgrade --metadata 3.7-IV0",
    "upgrade --feature transaction.version=1",
    "upgrade --feature transaction.version=2 --feature group.version=1 --dry-run",
    "disable --feature metadata.version",
    "disable --feature kraft.version",
    "feature-dependencies --feature metadata.version=30 --feature share.version=1",
    "feature-dependencies --feature no.such=1",
    "feature-dependencies --feature eligible.leader.replicas.version=1",
)
STEPS += steps("kafka-features", CONTROLLER, ("describe", EPOCH), "upgrade --feature group.version=1")
for server in (BROKER, CONTROLLER):
    STEPS += [
        Step(f"kafka-cluster {command} {server[0]}", "kafka-cluster", (command, *server, *more))
        for command, more in (("cluster-id", ()), ("list-endpoints", ()), ("unregister", ("--id", "7")))
    ]
    STEPS += steps("kafka-metadata-quorum", server, ("describe --status", {"masks": NUMBERS}), ("describe --replication", {"masks": NUMBERS}),
                   ("describe --replication --human-readable", {"masks": NUMBERS}))
STEPS.append(Step("kafka-cluster list-endpoints --include-fenced-brokers", "kafka-cluster", ("list-endpoints", *BROKER, "--include-fenced-brokers")))
STEPS.append(ApiVersionsStep("kafka-broker-api-versions", "kafka-broker-api-versions", BROKER, masks=((r",$", ""), (r"^.*-> \(.*", "address"))))

SENT = {"masks": ((r"(?<=sent, ).*", "N"),)}
PERF = "--bootstrap-server {bootstrap} --topic one --record-size 100 --throughput -1"
STEPS += steps(
    "kafka-producer-perf-test", (),
    (f"{PERF} --num-records 2000", SENT),
    ("--bootstrap-server {bootstrap} --topic one --num-records 50 --throughput 1000 --payload-file {folder}/payload --command-property acks=1",
     {**SENT, "files": {"payload": "first\nsecond\n"}}),
    ("--bootstrap-server {bootstrap} --topic one --num-records 50 --throughput -1 --payload-monotonic", SENT),
    (f"{PERF} --num-records 300 --warmup-records 100", SENT),
    *((f"{PERF} --num-records 200 --command-property compression.type={codec} --command-property acks=1", SENT) for codec in ("gzip", "snappy", "lz4", "zstd")),
    (f"{PERF} --num-records 10 --command-config {{folder}}/producer.properties", {**SENT, "files": {"producer.properties": "linger.ms=1\nacks=0\n"}}),
)
ROWS = {"masks": ((r"^\s*TIME:?\S*, .*$", "row"), (r"^\d+, .*$", "row"))}
STEPS += steps(
    "kafka-consumer-perf-test", BROKER,
    ("--topic one --num-records 2000", {"masks": ((r"^TIME.*?, .*?, [\d.]+, [\d.]+, (\d+), .*$", r"row \1"),)}),
    ("--topic one --num-records 1000 --hide-header", ROWS),
    ("--topic one --num-records 1000 --show-detailed-stats --reporting-interval 100", {**ROWS, "unique": True}),
    ("--include on. --num-records 1000 --group perf --fetch-size 10000", ROWS),
    ("--topic one --num-records 1000 --from-latest --timeout 1500", ROWS),
)
E2E = "--bootstrap-server {bootstrap} --topic one --num-records 100 --producer-acks"
STEPS += [
    Step("kafka-e2e-latency", "kafka-e2e-latency", ("{bootstrap}", "one", "200", "all", "100"), masks=NUMBERS, unique=True),
    *(Step(f"kafka-e2e-latency {more}", "kafka-e2e-latency", tuple(f"{E2E} {more}".split()), masks=NUMBERS, unique=True) for more in (
        "1 --record-size 50 --record-key-size 5 --num-headers 2 --record-header-key-size 4 --record-header-size 6", "0 --record-size 50", "all")),
]
STEPS += steps(
    "kafka-replica-verification", (),
    ("--broker-list {bootstrap} --topics-include one|three --time -2 --report-interval-ms 500",
     {"until": "max lag is", "masks": ((r"partition \S+ at offset -?\d+", "partition P at offset N"),)}),
    ("--broker-list {bootstrap} --topics-include one --time -1 --report-interval-ms 500 --max-wait-ms 200 --fetch-size 10000",
     {"until": "max lag is", "masks": ((r"partition \S+ at offset -?\d+", "partition P at offset N"),)}),
    "--broker-list {bootstrap} --topics-include nothing.*",
)
STEPS += config_tool_steps.STEPS
STEPS += log_tool_steps.STEPS

# What the tools of the protocols that a node has without users of them say.
STEPS += steps(
    "kafka-acls", BROKER,
    "--list",
    "--list --topic one",
    "--add --allow-principal User:a --operation Read --topic one",
    "--remove --allow-principal User:a --operation Read --topic one --force",
)
STEPS += steps("kafka-share-groups", BROKER, "--list", "--list --state", "--list --state stable")
STEPS += steps("kafka-streams-groups", BROKER, "--list", "--list --state")
STEPS += [
    Step("kafka-delegation-tokens --create", "kafka-delegation-tokens", (*BROKER, "--create", "--max-life-time-period", "-1", "--command-config", "{folder}/plain.properties"),
         files={"plain.properties": "client.id=plain\n"}),
    Step("kafka-delegation-tokens --describe", "kafka-delegation-tokens", (*BROKER, "--describe", "--command-config", "{folder}/plain.properties")),
]
STEPS += steps(
    "kafka-consumer-groups", BROKER,
    ("--delete --all-groups", {"masks": ((r"\('.*'\)", "(GROUPS)"),)}),
    "--list",
)
