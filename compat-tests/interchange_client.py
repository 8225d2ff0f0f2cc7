"""Fills a broker for interchange.py (`add STEP`) and prints what it holds (`ask`), a line a fact."""

import sys

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic

from driver import BOOTSTRAP, shown

GROUPS = ["moved-a", "moved-b"]


def add(step):
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    topics = [NewTopic(f"moved-{step}", 3, 1), NewTopic(f"moved-configs-{step}", 1, 1, topic_configs={"retention.ms": "-1", "max.message.bytes": "2000000"}), NewTopic(f"moved-gone-{step}", 1, 1)]
    admin.create_topics(topics, timeout_ms=20000)
    earlier = [name for name in admin.list_topics() if name.startswith("moved-") and name.split("-")[-1] != step]
    for codec in [None, "gzip", "snappy", "lz4", "zstd"]:
        producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type=codec, acks="all", linger_ms=20)
        for name in [f"moved-{step}", f"moved-configs-{step}", *earlier]:
            for i in range(20):
                headers = [("step", step.encode()), ("empty", b"")] if i % 3 == 0 else []
                producer.send(name, key=b"k%d" % i if i % 5 else None, value=None if i % 5 == 1 else b"%d " % i * 20, headers=headers, timestamp_ms=1_700_000_000_000 + i)
        producer.flush(30)
        producer.close()
    admin.delete_topics([f"moved-gone-{step}"])
    admin.close()
    for group, offset in zip(GROUPS, [7, 11]):
        consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest", heartbeat_interval_ms=300)
        consumer.subscribe([f"moved-{step}", *earlier])
        while not consumer.assignment():
            consumer.poll(timeout_ms=100)
        consumer.commit({TopicPartition(f"moved-{step}", 0): OffsetAndMetadata(offset, f"step {step}")})
        consumer.close()


def ask():
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    for group in GROUPS:
        for partition, offset in sorted(admin.list_consumer_group_offsets(group).items()):
            print(group, partition.topic, partition.partition, offset.offset, offset.metadata)
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, auto_offset_reset="earliest", enable_auto_commit=False, fetch_max_wait_ms=100)
    for topic in sorted(t for t in admin.list_topics() if t.startswith("moved-")):
        partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(partitions)
        ends, starts = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
        at = consumer.offsets_for_times({p: 1_700_000_000_010 for p in partitions})
        records = []
        while len(records) < sum(ends[p] - starts[p] for p in partitions):
            records.extend(r for batch in consumer.poll(timeout_ms=1000).values() for r in batch)
        for p in partitions:
            print(topic, p.partition, starts[p], ends[p], at[p])
        for r in sorted(records, key=lambda r: (r.partition, r.offset)):
            print(r.topic, r.partition, r.offset, r.timestamp, r.timestamp_type, shown(r.key), shown(r.value), [(k, shown(v)) for k, v in r.headers])
    consumer.close()
    admin.close()


if sys.argv[1] == "add":
    add(sys.argv[2])
else:
    ask()
