"""The cases of Produce that produce_wire.py sends to both brokers: settings of a topic, and steps on a partition of it."""

import struct
import time
from typing import NamedTuple

from record_batches import CODECS, GZIP, LOG_APPEND_TIME, NONE, XERIAL, ZSTD, batch, compress, record

START = int(time.time() * 1000)
MINUTE, HOUR = 60_000, 3_600_000
PRODUCE_VERSIONS = range(3, 14)
NEWEST_PRODUCE, NEWEST_FETCH = 13, 18
FIRST_WITH_ZSTD = 7


class Case(NamedTuple):
    """Steps are functions of a Node; they run in order, and each one's value is compared."""

    name: str
    configs: tuple
    steps: list
    partitions: int = 1


def produce(data, version=NEWEST_PRODUCE, acks=-1, partition=0, **options):
    """Sends bytes to the case's own partition."""
    return lambda node: node.produce(version, [(node.topic, [(node.first + partition, data)])], acks, **options)


def fetch(offset=0, version=NEWEST_FETCH, partition=0, told=None, **options):
    """Fetches from the case's own partition."""
    return lambda node: node.fetch(version, [(node.topic, node.first + partition, offset, told or {})], **options)


def settings(**values):
    """Names with dots for underscores."""
    return tuple((name.replace("_", "."), str(value)) for name, value in values.items())


T = START - 10 * MINUTE
SMALL = [(b"k0", b"v0", T), (None, b"", T + 7, [(b"h", None), (b"h", b"x"), (b"", b"")]), (b"", None, T - 5)]
LARGE = [(b"key %d" % i, (b"%d some words that repeat, and " % i) * 60, T + i % 7, [(b"n", b"%d" % i)] if i % 3 else []) for i in range(60)]
WHOLE = sum(len(record(i, *row)) for i, row in enumerate(LARGE))

LEVELS = [
    *(settings(compression_type=name) for name in ("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd")),
    *(settings(compression_type="gzip", compression_gzip_level=level) for level in (-1, 1, 9)),
    *(settings(compression_type="lz4", compression_lz4_level=level) for level in (1, 17)),
    *(settings(compression_type="zstd", compression_zstd_level=level) for level in (-131072, -1, 1, 22)),
]


def named(configs):
    return ", ".join(f"{name}={value}" for name, value in configs) or "defaults"


def since(time_ms):
    return f"T{time_ms - T:+}" if time_ms > 0 else str(time_ms)


def compression():
    """Every codec that comes into every codec that a topic wants."""
    for configs in LEVELS:
        for name, codec in CODECS.items():
            yield Case(f"{name} into {named(configs)}", configs, [produce(batch(SMALL, codec, base_timestamp=T)), produce(batch(LARGE, codec, base_timestamp=T + 3), acks=1), fetch(), fetch(4)])
    for name, codec in CODECS.items():
        for other, wrong in CODECS.items():
            if codec != wrong:
                for configs in ((), settings(compression_type="gzip")):
                    payload = batch(LARGE, wrong, base_timestamp=T, payload=compress(codec, b"".join(record(i, k, v, t - T, h) for i, (k, v, t, h) in enumerate(LARGE))))
                    yield Case(f"{name} that says {other}, {named(configs)}", configs, [produce(payload), fetch()])


def timestamps():
    """Whose time counts, and which times are taken."""
    for configs in (settings(message_timestamp_type="LogAppendTime"), settings(message_timestamp_type="CreateTime"),
                    *(settings(message_timestamp_type=kind, compression_type=to) for kind in ("LogAppendTime", "CreateTime") for to in ("uncompressed", "zstd"))):
        for name, codec in CODECS.items():
            for attributes in (0, LOG_APPEND_TIME):
                sent = batch(SMALL, codec, base_timestamp=T, attributes=attributes)
                yield Case(f"{name} with attributes {attributes} at {named(configs)}", configs, [produce(sent), fetch(), produce(sent, 3 if codec != ZSTD else FIRST_WITH_ZSTD, 1), fetch(3, 4)])
    # The largest timestamp told wrong, and the first one's bases.
    for name, codec in CODECS.items():
        for largest in (0, -1, T + 5 * HOUR, T - 1):
            yield Case(f"{name} with largest timestamp {since(largest)}", (), [produce(batch(SMALL, codec, base_timestamp=T, max_timestamp=largest)), fetch()])
        for base in (0, -1, T - 1_000_000_000, T + HOUR):
            yield Case(f"{name} with base timestamp {since(base)}", (), [produce(batch(SMALL, codec, base_timestamp=base)), fetch()])
    before, after = settings(message_timestamp_before_max_ms=HOUR), settings(message_timestamp_after_max_ms=2 * HOUR)
    times = {
        "half an hour ago": [-30 * MINUTE], "three hours ago": [-3 * HOUR], "in 90 minutes": [90 * MINUTE], "in 5 hours": [5 * HOUR], "one old": [-MINUTE, -3 * HOUR, -MINUTE],
        "old and new": [-MINUTE, -3 * HOUR, -2 * MINUTE, 5 * HOUR], "all old": [-3 * HOUR, -4 * HOUR],
    }
    for configs in ((), before, after, before + after, before + settings(compression_type="gzip"), before + settings(message_timestamp_type="LogAppendTime"),
                    after + settings(message_timestamp_type="LogAppendTime", compression_type="lz4"), settings(message_timestamp_before_max_ms=0), settings(message_timestamp_after_max_ms=0),
                    settings(message_timestamp_after_max_ms=(1 << 63) - 1)):
        for when, offsets in times.items():
            for codec in (NONE, GZIP):
                sent = batch([(b"k", b"v", START + offset) for offset in offsets], codec, base_timestamp=START + offsets[0])
                yield Case(f"{when} at {named(configs)}, codec {codec}", configs, [produce(sent), produce(sent, 7), produce(sent, 8), fetch()])
        for when, time_ms in (("-1", -1), ("0", 0), ("-2", -2), ("the last", (1 << 63) - 1), ("the first", -1 << 63)):
            yield Case(f"timestamp {when} at {named(configs)}", configs, [produce(batch([(b"k", b"v", time_ms)], base_timestamp=time_ms)), fetch()])


def sized(size):
    """A batch of exactly so many bytes."""
    for length in range(size - 80, size):
        sent = batch([(None, b"x" * length, T)], base_timestamp=T)
        if len(sent) == size:
            return sent
    raise ValueError(f"no batch has {size} bytes")


def sizes():
    """max.message.bytes, of what is sent and of what is stored."""
    limit = settings(max_message_bytes=1000)
    for size in (999, 1000, 1001):
        for version in (3, 8, NEWEST_PRODUCE):
            yield Case(f"{size} of 1000 bytes in version {version}", limit, [produce(sized(size), version), fetch()])
    for size in (1_048_588, 1_048_589):
        yield Case(f"{size} bytes of the default", (), [produce(sized(size)), fetch(told={"most": 100})])
    for name, codec in CODECS.items():
        for to in ("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"):
            configs = limit + settings(compression_type=to)
            same = [(b"k", b"a" * 3000, T)]
            yield Case(f"3000 equal bytes as {name} to {named(configs)}", configs, [produce(batch(same, codec, base_timestamp=T)), fetch()])
            yield Case(f"900 equal bytes as {name} to {named(configs)}", configs, [produce(batch([(b"k", b"a" * 900, T)], codec, base_timestamp=T)), fetch()])
    for small in (0, 1, 60):
        yield Case(f"max.message.bytes={small}", settings(max_message_bytes=small), [produce(batch(SMALL, base_timestamp=T)), fetch()])


def record_errors():
    """Which records of a batch are at fault, and why."""
    compacted = settings(cleanup_policy="compact")
    window = compacted + settings(message_timestamp_before_max_ms=HOUR)
    rows = [(b"k", b"v", T), (None, b"v", T), (b"", b"v", T), (None, b"w", T), (b"k", None, T)]
    for version in PRODUCE_VERSIONS:
        yield Case(f"keys missing in version {version}", compacted, [produce(batch(rows, base_timestamp=T), version), produce(batch(rows[:1], base_timestamp=T), version), fetch()])
    mixed = [(b"k", b"v", T - 5 * HOUR), (None, b"v", T), (None, b"v", T - 5 * HOUR), (b"k", b"v", T)]
    for name, codec in CODECS.items():
        for configs in (compacted, window, compacted + settings(compression_type="gzip"), compacted + settings(message_timestamp_type="LogAppendTime"), settings(cleanup_policy="compact,delete")):
            for what, sent in (("keys missing", rows), ("keys and times wrong", mixed), ("all keys missing", [(None, b"v", T)] * 100)):
                yield Case(f"{what} as {name} at {named(configs)}", configs, [produce(batch(sent, codec, base_timestamp=T)), fetch()])


def acknowledgements():
    """acks that there are and that there are not, over batches good and bad."""
    good, bad = batch(SMALL, base_timestamp=T), batch(SMALL, base_timestamp=T, crc=1)
    for version in PRODUCE_VERSIONS:
        for acks in (-1, 0, 1, 2, -2, 32767, -32768):
            for what, sent in (("good", good), ("damaged", bad)):
                yield Case(f"acks={acks} in version {version}, {what}", (), [produce(sent, version, acks), fetch()])
    for acks in (-1, 0, 1):
        for timeout in (0, -1, 1):
            yield Case(f"acks={acks} with timeout {timeout}", (), [produce(good, acks=acks, timeout=timeout), fetch()])
    for many in (2, 3):
        yield Case(f"min.insync.replicas={many}", settings(min_insync_replicas=many), [produce(good, acks=acks) for acks in (-1, 1, 0)] + [fetch()])


def odd_batches():
    """Batches without records, and batches that say what is not so."""
    good = batch(SMALL, base_timestamp=T)
    for name, codec in CODECS.items():
        for what, sent in (
            ("empty", batch([], codec)), ("empty and says one", batch([], codec, count=1, last_delta=0)), ("empty and ends at 0", batch([], codec, last_delta=0)),
            ("one too few", batch(SMALL, codec, base_timestamp=T, count=2, last_delta=1)), ("one too many", batch(SMALL, codec, base_timestamp=T, count=4, last_delta=3)),
            ("damaged", batch(SMALL, codec, base_timestamp=T, crc=0)), ("base offset 7", batch(SMALL, codec, base_timestamp=T, base=7)),
            ("leader epoch 9", batch(SMALL, codec, base_timestamp=T, leader_epoch=9)), ("no payload", batch(SMALL, codec, base_timestamp=T, payload=b"")),
            ("garbage behind the records", batch(SMALL, codec, base_timestamp=T, payload=compress(codec, b"".join(record(i, k, v) for i, (k, v, *_) in enumerate(SMALL)) + b"garbage"))),
            ("attributes of all bits but the codec's and control", batch(SMALL, codec, base_timestamp=T, attributes=0x7FC0)),
        ):
            for configs in ((), settings(compression_type="lz4"), settings(message_timestamp_type="LogAppendTime")):
                yield Case(f"{what}, {name}, {named(configs)}", configs, [produce(sent), fetch()])
    for what, sent in (("no bytes", b""), ("two batches", good + good), ("a batch and a half", good + good[:50]), ("half a batch", good[:70]), ("three bytes", b"abc")):
        for version in (3, 8, NEWEST_PRODUCE):
            yield Case(f"{what} in version {version}", (), [produce(sent, version), fetch()])
    yield Case("snappy without xerial's frame", (), [produce(batch(SMALL, 2, base_timestamp=T, payload=compress(2, b"".join(record(i, *r) for i, r in enumerate(SMALL)))[len(XERIAL) + 4:])), fetch()])


def sequences():
    """What an idempotent producer may send after what it has sent."""
    def part(sequence, records=1, epoch=0, producer=1000, codec=NONE):
        return batch([(b"k", b"%d" % (sequence + i), T + i) for i in range(records)], codec, base_timestamp=T, producer=(producer, epoch, sequence))

    runs = {
        "repeated": [part(0), part(0), part(1), part(1)],
        "repeated in threes": [part(0, 3), part(0, 3), part(3, 3), part(0, 3)],
        "gap": [part(0, 3), part(5), part(3), part(5)],
        "other length": [part(0, 3), part(0, 2), part(0, 4), part(2, 2), part(1)],
        "six and back": [part(i) for i in range(6)] + [part(i) for i in (1, 0, 5, 6)],
        "epochs": [part(0), part(1), part(0, epoch=1), part(2), part(1, epoch=1), part(3, epoch=2), part(0, epoch=2), part(0, epoch=2)],
        "last sequence": [part(2147483647), part(0), part(0), part(2147483647), part(2)],
        "over the last sequence": [part(2147483646, 3), part(1), part(0), part(2147483646, 3)],
        "first is not 0": [part(7), part(8), part(7), part(0)],
        "no sequence": [part(-1), part(-2)],
        "no epoch": [part(0, epoch=-1), part(0, epoch=-1)],
        "no id": [part(5, producer=-1), part(5, producer=-1, epoch=-1), part(5, producer=-2)],
        "two producers": [part(0), part(0, producer=1001), part(1), part(0), part(0, producer=1001), part(2, producer=1001)],
        "two batches at once": [part(0) + part(1), part(0)],
        "repeated as gzip": [part(0, 3, codec=GZIP), part(0, 3, codec=GZIP), part(0, 3), part(3, codec=ZSTD)],
    }
    for configs in ((), settings(message_timestamp_type="LogAppendTime"), settings(compression_type="gzip"), settings(cleanup_policy="compact")):
        for what, batches in runs.items():
            yield Case(f"{what}, {named(configs)}", configs, [*(produce(one) for one in batches), fetch()])
    for version in PRODUCE_VERSIONS:
        sent = [part(0), part(0), part(5), part(1)]
        yield Case(f"sequences in version {version}", (), [*(produce(one, version) for one in sent), fetch()])
        yield Case(f"sequences without an answer in version {version}", (), [*(produce(one, version, 0) for one in sent), fetch()])
        yield Case(f"epochs in version {version}", (), [produce(part(0, epoch=3), version), produce(part(1, epoch=2), version), produce(part(4, epoch=4), version), fetch()])
    before = [produce(part(0)), produce(part(1, 3)), lambda node: node.delete_records(node.first, 2)]
    yield Case("repeated behind the log's start", (), [*before, produce(part(0)), produce(part(1, 3)), produce(part(9)), produce(batch(SMALL, base_timestamp=T, base=1)), fetch(), fetch(2)])
    yield Case("repeated when all is deleted", (), [*before[:2], lambda node: node.delete_records(node.first, -1), produce(part(1, 3)), produce(part(9)), produce(part(4)), fetch(4)])


def places():
    """Where a request sends its batches, in every version."""
    good, bad = batch(SMALL, base_timestamp=T), batch(SMALL, base_timestamp=T, crc=1)
    for version in PRODUCE_VERSIONS:
        def sent(*topics, version=version, **options):
            return lambda node: node.produce(version, [(node.topic if name is None else name, [(node.first + index if index < 9 else index, data) for index, data in rows]) for name, rows in topics], **options)

        yield Case(f"places in version {version}", (), [
            sent((None, [(0, good), (1, bad), (2, good)])), sent((None, [(2, good), (1, good), (0, bad)])), sent((None, [(0, good), (0, good)])), sent((None, [(0, good)]), (None, [(1, good)])),
            sent((None, [(9_999, good)])), sent((None, [(0, good), (9_999, good)])), sent((None, [(-100_000, good)])), sent(("nobody", [(0, good)])), sent((None, [(0, good)]), ("nobody", [(0, good)])),
            sent(("nobody", [(0, good)]), acks=0), sent((None, [(0, good), (9_999, good)]), acks=0), sent((None, [])), sent(), sent(acks=0), sent(("__consumer_offsets", [(0, good)])),
            sent((b"\0" * 16 if version >= 13 else "", [(0, good)])), *([] if version >= 13 else [sent(("a b", [(0, good)]))]), sent((None, [(0, good)]), transactional="someone"),
            sent((None, [(0, batch(SMALL, ZSTD, base_timestamp=T))])), sent((None, [(0, batch(SMALL, ZSTD, base_timestamp=T)), (1, good)])),
            fetch(version=12), fetch(version=12, partition=1), fetch(version=12, partition=2),
        ], 3)


def cases():
    for part in (compression, timestamps, sizes, record_errors, acknowledgements, odd_batches, sequences, places):
        for case in part():
            yield case._replace(name=f"{part.__name__}: {case.name}")
