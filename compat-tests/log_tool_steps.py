"""kafka-dump-log over the files of both brokers: every kind of file, every decoder."""

from tool_step import Step

# What two nodes and two runs do not share. Positions, sizes and checksums follow from times and ids inside the records.
NUMBERS = (
    (r"(crc|position|size|CreateTime|LogAppendTime|sequence|baseSequence|lastSequence|baseOffset|lastOffset|offset|producerId|Log starting offset|partitionLeaderEpoch|"
     r"Timestamp|timestamp|Last modified|batchSize|count|keySize|valueSize|compressedSize|lastTimestamp|currentTxnFirstOffset|coordinatorEpoch|firstSequence|lastOffset)(:|=) ?-?\d+", r"\1\2 N"),
)


def dump(label, path, *options, **more):
    return Step(f"kafka-dump-log {label}", "kafka-dump-log", (*options, "--files", path), **more)


ONE = "{data}/single-0/00000000000000000000"
METADATA = "{data}/__cluster_metadata-0/00000000000000000000"
STEPS = [
    dump("a log", f"{ONE}.log", masks=NUMBERS),
    dump("a log, deep", f"{ONE}.log", "--deep-iteration", masks=NUMBERS),
    dump("a log with data", f"{ONE}.log", "--print-data-log", masks=NUMBERS),
    dump("a log without record metadata", f"{ONE}.log", "--print-data-log", "--skip-record-metadata", masks=NUMBERS),
    dump("a log's beginning", f"{ONE}.log", "--max-bytes", "100", masks=NUMBERS),
    dump("offset index", f"{ONE}.index"),
    dump("offset index, sanity", f"{ONE}.index", "--index-sanity-check"),
    dump("offset index, verified", f"{ONE}.index", "--verify-index-only"),
    dump("time index", f"{ONE}.timeindex", masks=NUMBERS),
    dump("time index, sanity", f"{ONE}.timeindex", "--index-sanity-check"),
    dump("time index, verified", f"{ONE}.timeindex", "--verify-index-only"),
    dump("several files", f"{ONE}.index,{ONE}.timeindex,{ONE}.log", masks=NUMBERS),
    dump("nothing", "{data}/single-0/00000000000000000009.log"),
    dump("metadata log", f"{METADATA}.log", "--cluster-metadata-decoder", "--skip-record-metadata", keep='"type":|^exit|^[A-Z]', unique=True),
    dump("metadata snapshot", f"{METADATA}-0000000000.checkpoint", "--cluster-metadata-decoder", "--skip-record-metadata"),
    dump("offsets", "{data}/__consumer_offsets-0/00000000000000000000.log,{data}/__consumer_offsets-1/00000000000000000000.log,{data}/__consumer_offsets-2/00000000000000000000.log",
         "--offsets-decoder", "--skip-record-metadata"),
    dump("groups as a transaction log", "{data}/__consumer_offsets-0/00000000000000000000.log", "--transaction-log-decoder", "--skip-record-metadata", masks=NUMBERS),
    dump("groups as a share group's state", "{data}/__consumer_offsets-0/00000000000000000000.log", "--share-group-state-decoder", "--skip-record-metadata", masks=NUMBERS),
    dump("data with a decoder", f"{ONE}.log", "--print-data-log", "--value-decoder-class", "org.apache.kafka.tools.api.StringDecoder",
         "--key-decoder-class", "org.apache.kafka.tools.api.StringDecoder", masks=NUMBERS),
]
