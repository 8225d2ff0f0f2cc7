"""Drives kafka-python 2.0 (Debian's python3-kafka)."""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from driver import BOOTSTRAP, main, restart_broker, shown

WAIT_SECONDS = 30


def admin():
    return KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


def create(name, partitions=1):
    client = admin()
    client.create_topics([NewTopic(name, partitions, 1)], timeout_ms=20000)
    client.close()
    return name


def producer(**options):
    # Without retries, kafka-python's default, a record fails that comes before the broker leads the partition of a topic that is new.
    return KafkaProducer(bootstrap_servers=BOOTSTRAP, **{"acks": "all", "linger_ms": 5, "retries": 10, **options})


def consumer(**options):
    return KafkaConsumer(bootstrap_servers=BOOTSTRAP, **{"enable_auto_commit": False, "auto_offset_reset": "earliest", **options})


def read(client, count, seconds=WAIT_SECONDS):
    """The next `count` records, or what came until the time was up."""
    records, deadline = [], time.monotonic() + seconds
    while len(records) < count and time.monotonic() < deadline:
        for batch in client.poll(timeout_ms=200).values():
            records.extend(batch)
    return records


def read_all(topic, partitions=1):
    client = consumer()
    assigned = [TopicPartition(topic, p) for p in range(partitions)]
    client.assign(assigned)
    count = sum(client.end_offsets(assigned).values())
    records = read(client, count)
    client.close()
    return sorted(records, key=lambda r: (r.partition, r.offset))


def row(record):
    return [record.partition, record.offset, shown(record.key), shown(record.value)]


def error_name(error):
    return type(error).__name__


def attempt(action):
    try:
        action()
        return "ok"
    except KafkaError as error:
        return error_name(error)


def topics():
    name, client = create("python-topics", 3), admin()
    listed = name in client.list_topics()
    described = client.describe_topics([name])[0]
    answers = {
        "listed": listed,
        "partitions": sorted((p["partition"], p["leader"], tuple(p["replicas"]), tuple(p["isr"]), p["error_code"]) for p in described["partitions"]),
        "internal": described["is_internal"],
        "again": attempt(lambda: client.create_topics([NewTopic(name, 1, 1)])),
        "bad name": attempt(lambda: client.create_topics([NewTopic("a b", 1, 1)])),
        "no partitions": attempt(lambda: client.create_topics([NewTopic("python-none", 0, 1)])),
        "too many replicas": attempt(lambda: client.create_topics([NewTopic("python-replicas", 1, 3)])),
    }
    answers["delete"] = attempt(lambda: client.delete_topics([name]))
    answers["delete again"] = attempt(lambda: client.delete_topics([name]))
    answers["listed after"] = name in client.list_topics()
    client.close()
    return answers


def headers():
    topic, client = create("python-headers"), producer()
    sent = [[], [("a", b"1")], [("a", b"1"), ("a", b"2"), ("b", b"")], [("", b"\xff\x00"), ("ключ", "значение".encode())]]
    for number, some in enumerate(sent):
        client.send(topic, value=str(number).encode(), headers=some).get(WAIT_SECONDS)
    client.close()
    return [[r.offset, [[k, shown(v)] for k, v in r.headers]] for r in read_all(topic)]


def nulls():
    topic, client = create("python-nulls"), producer()
    for key, value in [(None, b"v"), (b"k", None), (b"", b""), (None, b""), (b"", None)]:
        client.send(topic, key=key, value=value, partition=0).get(WAIT_SECONDS)
    client.close()
    return [row(r) for r in read_all(topic)]


def codecs():
    answers = {}
    for codec in [None, "gzip", "snappy", "lz4", "zstd"]:
        for acks in [0, 1, "all"]:
            topic = create(f"python-codec-{codec}-{acks}")
            client = producer(compression_type=codec, acks=acks, linger_ms=50)
            client.partitions_for(topic)
            for i in range(20):
                client.send(topic, key=b"k%d" % i, value=b"value %d " % i * 30)
            client.flush(WAIT_SECONDS)
            client.close()
            deadline = time.monotonic() + WAIT_SECONDS
            records = []
            while len(records) < 20 and time.monotonic() < deadline:
                records = read_all(topic)
            answers[f"{codec} {acks}"] = [row(r) for r in records]
    return answers


def large():
    topic, client = create("python-large"), producer(max_request_size=4_000_000, buffer_memory=16_000_000)
    first = client.send(topic, value=bytes(range(256)) * 3600).get(WAIT_SECONDS)
    refused = attempt(lambda: client.send(topic, value=bytes(1_500_000)).get(WAIT_SECONDS))
    packed = producer(max_request_size=4_000_000, buffer_memory=16_000_000, compression_type="gzip")
    second = packed.send(topic, value=bytes(1_500_000)).get(WAIT_SECONDS)
    client.close()
    packed.close()
    return {"offsets": [first.offset, second.offset], "refused": refused, "read": [row(r) for r in read_all(topic)]}


def numbered(topic, count=10, partition=0, first_time=1_700_000_000_000):
    client = producer()
    for i in range(count):
        client.send(topic, value=b"%d" % i, partition=partition, timestamp_ms=first_time + 1000 * i).get(WAIT_SECONDS)
    client.close()


def positions():
    topic = create("python-positions")
    numbered(topic)
    one = TopicPartition(topic, 0)
    client = consumer()
    client.assign([one])
    answers = {}
    client.seek_to_beginning(one)
    answers["start"] = [row(r) for r in read(client, 10)]
    client.seek_to_end(one)
    answers["end"] = client.position(one)
    client.seek(one, 7)
    answers["offset"] = [row(r) for r in read(client, 3)]
    at = client.offsets_for_times({one: 1_700_000_003_500})[one]
    client.seek(one, at.offset)
    answers["time"] = [at.offset, at.timestamp] + [row(r) for r in read(client, 6)]
    client.close()
    for reset in ["earliest", "latest"]:
        client = consumer(auto_offset_reset=reset)
        client.assign([one])
        client.seek(one, 500)
        first = read(client, 1, 2)
        answers[f"out of range, {reset}"] = [client.position(one)] + [row(r) for r in first[:1]]
        client.close()
    return answers


def list_offsets():
    topic = create("python-list-offsets", 2)
    numbered(topic)
    client = consumer()
    both = [TopicPartition(topic, p) for p in (0, 1)]
    answers = {"earliest": sorted((p.partition, o) for p, o in client.beginning_offsets(both).items()), "latest": sorted((p.partition, o) for p, o in client.end_offsets(both).items())}
    for at in [0, 1_700_000_000_000, 1_700_000_000_001, 1_700_000_009_000, 1_700_000_009_001]:
        answers[str(at)] = sorted((p.partition, o and [o.offset, o.timestamp]) for p, o in client.offsets_for_times({p: at for p in both}).items())
    client.close()
    return answers


class Member(threading.Thread):
    """A group member that polls on a thread of its own: this client's poll blocks until the whole group has joined."""

    def __init__(self, topic, group):
        super().__init__(daemon=True)
        self.client = consumer(group_id=group, heartbeat_interval_ms=300, session_timeout_ms=10000)
        self.client.subscribe([topic])
        self.size = 0
        self.leaving = threading.Event()
        self.start()

    def run(self):
        while not self.leaving.is_set():
            self.client.poll(timeout_ms=100)
            self.size = len(self.client.assignment())
        self.client.close()

    def leave(self):
        self.leaving.set()
        self.join(WAIT_SECONDS)


def settle(members, want, seconds=WAIT_SECONDS):
    """Waits until the members' assignments are as large as wanted."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and sorted(m.size for m in members) != sorted(want):
        time.sleep(0.05)
    return sorted(m.size for m in members)


def groups():
    topic = create("python-groups", 4)
    first = Member(topic, "python-group")
    answers = {"one": settle([first], [4])}
    second = Member(topic, "python-group")
    answers["two"] = settle([first, second], [2, 2])
    client = admin()
    described = client.describe_consumer_groups(["python-group"])[0]
    answers["described"] = [described.error_code, described.group, described.state, described.protocol_type, described.protocol, len(described.members)]
    answers["listed"] = ["python-group", "consumer"] in [list(g)[:2] for g in client.list_consumer_groups()]
    first.leave()
    answers["left"] = settle([second], [4])
    second.leave()
    answers["empty"] = client.describe_consumer_groups(["python-group"])[0].state
    answers["unknown"] = client.describe_consumer_groups(["python-nobody"])[0].state
    client.close()
    return answers


def commits():
    topic = create("python-commits", 2)
    numbered(topic)
    zero, one = TopicPartition(topic, 0), TopicPartition(topic, 1)
    client = consumer(group_id="python-commits")
    client.subscribe([topic])
    first = read(client, 10)
    client.commit({zero: OffsetAndMetadata(4, "note")})
    answers = {"first": [row(r) for r in first], "committed": client.committed(zero), "metadata": client.committed(zero, metadata=True).metadata, "none": client.committed(one)}
    client.close()
    client = consumer(group_id="python-commits")
    client.subscribe([topic])
    answers["went on"] = [row(r) for r in read(client, 6)]
    client.commit()
    answers["then"] = client.committed(zero)
    client.close()
    reader = admin()
    answers["listed"] = sorted((p.partition, o.offset, o.metadata) for p, o in reader.list_consumer_group_offsets("python-commits").items())
    reader.close()
    return answers


def restart():
    topic = create("python-restart")
    sender = producer(retries=50, retry_backoff_ms=100)
    client = consumer(group_id="python-restart", heartbeat_interval_ms=300)
    client.subscribe([topic])
    for i in range(5):
        sender.send(topic, value=b"before %d" % i)
    sender.flush(WAIT_SECONDS)
    before = read(client, 5)
    client.commit()
    restart_broker()
    for i in range(5):
        sender.send(topic, value=b"after %d" % i)
    sender.flush(WAIT_SECONDS)
    after = read(client, 5)
    client.commit()
    committed = client.committed(TopicPartition(topic, 0))
    sender.close()
    client.close()
    return {"before": [row(r) for r in before], "after": [row(r) for r in after], "committed": committed, "all": [row(r) for r in read_all(topic)]}


main({"topics": topics, "headers": headers, "nulls": nulls, "codecs": codecs, "large": large, "positions": positions, "list-offsets": list_offsets,
      "groups": groups, "commits": commits, "restart": restart})
