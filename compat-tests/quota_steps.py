"""Quotas and SCRAM credentials with Kafka's tools: stored and described alike, and a producer and a consumer past their quota throttled alike."""

import re

from tool_step import BROKER, Step

STEPS = []


def configs(*runs):
    for run in runs:
        text, more = run if isinstance(run, tuple) else (run, {})
        STEPS.append(Step(f"kafka-configs {text}", "kafka-configs", (*BROKER, *text.split()), **more))


class ThrottledStep(Step):
    """A perf test under a quota. Its rate and its longest throttle are the broker's doing, so they are near each other; where they are, no line differs."""

    NEAR = 1.3
    PATTERNS = (r"^4000 records sent, ([\d.]+) records/sec", r"^TIME.*, ([\d.]+)$", r"throttle-time-max:\S+ : ([\d.]+)")

    def comparable(self, results):
        found = [[float(match[1]) for pattern in self.PATTERNS for line in lines if (match := re.search(pattern, line))] for lines in results]
        alike = all(len(numbers) == 2 and max(a, b) <= self.NEAR * min(a, b) for numbers in found for a, b in zip(numbers, found[0]))
        return [["throttled"] for _ in results] if alike else results


configs(
    "--entity-type users --entity-name alice --alter --add-config producer_byte_rate=1024,consumer_byte_rate=2048",
    "--entity-type users --entity-name alice --describe",
    "--entity-type users --entity-default --alter --add-config request_percentage=5000",
    "--entity-type users --entity-default --describe",
    "--entity-type users --entity-name bob --entity-type clients --entity-name c --alter --add-config controller_mutation_rate=5.5",
    "--entity-type users --entity-name bob --entity-type clients --entity-default --alter --add-config controller_mutation_rate=6",
    "--entity-type users --entity-name bob --entity-type clients --entity-name c --describe",
    "--entity-type users --entity-name bob --entity-type clients --describe",
    "--entity-type users --entity-type clients --describe",
    "--entity-type clients --entity-default --alter --add-config producer_byte_rate=1000000000",
    "--entity-type clients --entity-name c --alter --add-config consumer_byte_rate=1000000000",
    "--entity-type clients --describe",
    "--entity-type ips --entity-name 127.0.0.9 --alter --add-config connection_creation_rate=9",
    "--entity-type ips --entity-default --alter --add-config connection_creation_rate=1000",
    "--entity-type ips --describe",
    "--entity-type ips --entity-name 127.0.0.9 --describe",
    "--entity-type ips --entity-name no.such.host.invalid --alter --add-config connection_creation_rate=9",
    "--entity-type ips --entity-name 127.0.0.9 --alter --add-config producer_byte_rate=9",
    "--entity-type users --entity-name alice --alter --add-config producer_byte_rate=0",
    "--entity-type users --entity-name alice --alter --add-config producer_byte_rate=1.5",
    "--entity-type users --entity-name alice --alter --add-config nope=1",
    "--entity-type users --entity-name alice --alter --delete-config producer_byte_rate",
    "--entity-type users --entity-name alice --alter --delete-config producer_byte_rate",
    "--entity-type users --entity-name alice --alter --add-config SCRAM-SHA-256=[iterations=8192,password=secret]",
    "--entity-type users --entity-name carol --alter --add-config SCRAM-SHA-512=[password=secret]",
    "--entity-type users --entity-name alice --describe",
    "--entity-type users --describe",
    "--entity-type users --entity-name alice --alter --delete-config SCRAM-SHA-256",
    "--entity-type users --entity-name alice --alter --delete-config SCRAM-SHA-256",
    "--entity-type users --entity-name alice --alter --add-config SCRAM-SHA-256=[iterations=1,password=secret]",
    "--entity-type users --entity-default --alter --delete-config request_percentage",
    "--entity-type clients --entity-default --alter --delete-config producer_byte_rate",
    "--entity-type ips --entity-default --alter --delete-config connection_creation_rate",
    "--entity-type clients --entity-name perf --alter --add-config producer_byte_rate=200000,consumer_byte_rate=200000",
)
STEPS += [
    Step("kafka-topics for the perf tests", "kafka-topics", (*BROKER, "--create", "--topic", "throttled", "--partitions", "1")),
    ThrottledStep(
        "kafka-producer-perf-test under a quota", "kafka-producer-perf-test",
        (*BROKER, "--topic", "throttled", "--num-records", "4000", "--record-size", "1000", "--throughput", "-1", "--print-metrics", "--command-property", "client.id=perf"),
        keep=r"^4000 records sent|produce-throttle-time-max"),
    ThrottledStep(
        "kafka-consumer-perf-test under a quota", "kafka-consumer-perf-test",
        (*BROKER, "--topic", "throttled", "--num-records", "4000", "--timeout", "60000", "--print-metrics", "--command-property", "client.id=perf"),
        keep=r"^TIME.*, 4000, |fetch-throttle-time-max"),
]

# Thirty partitions are more than the bucket holds, and it takes half a minute to fill up again.
configs(
    "--entity-type clients --entity-name maker --alter --add-config controller_mutation_rate=1",
)
MAKER = (*BROKER, "--command-config", "{folder}/maker", "--create", "--topic")
STEPS += [
    Step("kafka-topics within a quota of changes", "kafka-topics", (*MAKER, "made", "--partitions", "30"), files={"maker": "client.id=maker\n"}),
    Step("kafka-topics past a quota of changes", "kafka-topics", (*MAKER, "refused", "--partitions", "1"), files={"maker": "client.id=maker\n"}),
    Step("kafka-topics after both", "kafka-topics", (*BROKER, "--list"), keep="made|refused"),
]
