"""kafka-dump-log over the files of both brokers: every kind of file, every decoder."""

from tool_step import Step

# What two nodes and two runs do not share. Positions, sizes and checksums follow from times and ids inside the records.
NUMBERS = (
    (r"(crc|position|size|CreateTime|LogAppendTime|sequence|baseSequence|lastSequence|baseOffset|lastOffset|offset|producerId|Log starting offset|partitionLeaderEpoch|"
     r"Timestamp|timestamp|Last modified|batchSize|count|keySize|valueSize|compressedSize|lastTimestamp|currentTxnFirstOffset|coordinatorEpoch|firstSequence|lastOffset)(:|=) ?-?\d+", r"\1\2 N"),
)


def dump(label, path, *options, **more):
    return Step(f"kafka-dump-log {label}", "kafka-dump-log", (*options, "--files", path), **more)


FIRST = "{data}/rolled-0/00000000000000000000"
METADATA = "{data}/__cluster_metadata-0/00000000000000000000"
OFFSETS = "{data}/__consumer_offsets-*/00000000000000000000.log"

# How often a group's members committed or came together is by chance, and so is who they were.
GROUPS = {"keep": r"payload|^exit", "unique": True, "masks": (
    *NUMBERS, (r'"(offset|commitTimestamp|expireTimestamp|leaderEpoch|currentStateTimestamp|generation)":-?\d+', r'"\1":N'), (r"(consumer|producer)-[\w.-]*-(UUID|ID)", "MEMBER"))}
# Ids, times, and what a node says of itself.
DECIDED = {"keep": r"payload|^exit", "unique": True, "masks": (
    (r'"(brokerEpoch|leaderEpoch|partitionEpoch|nextProducerId)":-?\d+', r'"\1":N'), (r'"(features|endPoints)":\[[^]]*\]', r'"\1":[]'))}
STEPS = [
    dump("a log", f"{FIRST}.log", masks=NUMBERS),
    dump("a log, deep", f"{FIRST}.log", "--deep-iteration", masks=NUMBERS, unique=True),
    dump("a log with data", "{data}/told-0/00000000000000000000.log", "--print-data-log", masks=NUMBERS),
    dump("a log without record metadata", "{data}/told-0/00000000000000000000.log", "--print-data-log", "--skip-record-metadata", masks=NUMBERS),
    dump("a log's beginning", f"{FIRST}.log", "--max-bytes", "5000", masks=NUMBERS),
    dump("a log's first batches", f"{FIRST}.log", "--max-batches-size", "5000", masks=NUMBERS),
    dump("offset index", f"{FIRST}.index"),
    dump("offset index, sanity", f"{FIRST}.index", "--index-sanity-check"),
    dump("offset index, verified", f"{FIRST}.index", "--verify-index-only"),
    # As many entries as there were milliseconds.
    dump("time index", f"{FIRST}.timeindex", masks=NUMBERS, unique=True),
    dump("time index, sanity", f"{FIRST}.timeindex", "--index-sanity-check"),
    dump("time index, verified", f"{FIRST}.timeindex", "--verify-index-only"),
    dump("producer snapshots", "{data}/rolled-0/*.snapshot", masks=(*NUMBERS, (r"(producerId|coordinatorEpoch|lastTimestamp): -?\d+", r"\1: N"))),
    dump("several files", f"{FIRST}.index,{FIRST}.timeindex,{FIRST}.log", masks=NUMBERS, unique=True),
    dump("nothing", "{data}/rolled-0/00000000000000000009.log"),
    dump("metadata log", f"{METADATA}.log", "--cluster-metadata-decoder", "--skip-record-metadata", **DECIDED),
    dump("metadata snapshot", f"{METADATA}-0000000000.checkpoint", "--cluster-metadata-decoder", "--skip-record-metadata", masks=NUMBERS),
    dump("offsets", OFFSETS, "--offsets-decoder", "--skip-record-metadata", **GROUPS),
    dump("groups as a transaction log", OFFSETS, "--transaction-log-decoder", "--skip-record-metadata", keep=r"^exit|Dumping"),
    dump("groups as a share group's state", OFFSETS, "--share-group-state-decoder", "--skip-record-metadata", keep=r"^exit|Dumping"),
    dump("groups as remote log metadata", OFFSETS, "--remote-log-metadata-decoder", "--skip-record-metadata", keep=r"^exit|Dumping"),
    dump("data with a decoder", f"{FIRST}.log", "--print-data-log", "--value-decoder-class", "org.apache.kafka.tools.api.DefaultDecoder",
         "--key-decoder-class", "org.apache.kafka.tools.api.StringDecoder", masks=NUMBERS),
]
