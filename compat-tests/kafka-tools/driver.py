"""Drives Kafka's own console tools from $KAFKA_HOME."""

import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from brokers import kafka_command, kafka_tool, tool_environment
from driver import BOOTSTRAP, main, restart_broker, shown

WAIT_SECONDS = 45
SERVER = ["--bootstrap-server", BOOTSTRAP]
PRINT = ["--property", "print.partition=true", "--property", "print.offset=true", "--property", "print.key=true", "--property", "print.headers=true",
         "--property", "null.literal=<null>", "--property", "key.separator=\x01", "--property", "headers.separator=,"]


def masked(text):
    """What differs from run to run, and from one program to another, made equal: ids, times, ports."""
    text = re.sub(r"TopicId: \S+", "TopicId: *", text)
    text = re.sub(r"localhost:\d+", "localhost:*", text)
    text = re.sub(r"ClusterId: +\S+", "ClusterId: *", text)
    text = re.sub(r"(console-consumer|consumer-\S+?)-[0-9a-f]{8}-[0-9a-f-]{27}", r"\1-*", text)
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def errors(text):
    """The names of the exceptions that a tool reports."""
    return sorted(set(re.findall(r"\b(\w+Exception)\b", text)) - {"ExecutionException", "CompletionException"})


def tool(name, *arguments, input=None):
    code, out, error = kafka_tool(name, *SERVER, *arguments, input=input)
    return {"code": code, "out": masked(out), "errors": errors(out + error)} if code or errors(out + error) else masked(out)


def topics_tool(*arguments):
    return tool("kafka-topics", *arguments)


def create(name, partitions=1):
    code, out, error = kafka_tool("kafka-topics", *SERVER, "--create", "--topic", name, "--partitions", str(partitions))
    if code:
        raise RuntimeError(out + error)
    return name


def produce(topic, lines, *options):
    code, out, error = kafka_tool("kafka-console-producer", *SERVER, "--topic", topic, *options, input="".join(line + "\n" for line in lines))
    if code:
        raise RuntimeError(out + error)
    return errors(out + error)


def rows(output):
    """Partition, offset, headers, key and value of each printed record."""
    answers = []
    for line in output.splitlines():
        parts = line.split("\x01")
        if len(parts) == 5:
            answers.append([parts[0], parts[1], parts[2], shown(parts[3]), shown(parts[4])])
    return answers


def consume(topic, count, *options, timeout_ms=15000):
    """Reads `count` records, or fewer if none comes for a while."""
    _, out, error = kafka_tool("kafka-console-consumer", *SERVER, "--topic", topic, "--max-messages", str(count), "--timeout-ms", str(timeout_ms), *PRINT, *options)
    return rows(out)


def topics():
    name = create("tools-topics", 3)
    answers = {"described": topics_tool("--describe", "--topic", name)}
    answers["listed"] = name in topics_tool("--list")
    answers["again"] = topics_tool("--create", "--topic", name)
    answers["if not exists"] = topics_tool("--create", "--topic", name, "--if-not-exists")
    answers["bad name"] = topics_tool("--create", "--topic", "a,b")
    answers["too many replicas"] = topics_tool("--create", "--topic", "tools-replicas", "--replication-factor", "3")
    answers["bad config"] = topics_tool("--create", "--topic", "tools-bad", "--config", "retention.ms=never")
    answers["with configs"] = topics_tool("--create", "--topic", "tools-configs", "--config", "retention.ms=100000", "--config", "cleanup.policy=compact")
    answers["its configs"] = topics_tool("--describe", "--topic", "tools-configs")
    answers["config tool"] = tool("kafka-configs", "--describe", "--topic", "tools-configs")
    answers["delete"] = topics_tool("--delete", "--topic", name)
    answers["delete again"] = topics_tool("--delete", "--topic", name)
    quorum = tool("kafka-metadata-quorum", "describe", "--status")
    answers["quorum"] = [line for line in quorum if re.match(r"LeaderId|MaxFollowerLag:|CurrentVoters|CurrentObservers", line)] if isinstance(quorum, list) else quorum
    answers["quorum"] = [re.sub(r'"directoryId": "[^"]+"', '"directoryId": "*"', line) for line in answers["quorum"]] if isinstance(quorum, list) else quorum
    return answers


def headers():
    topic = create("tools-headers")
    produce(topic, ["N\t0", "a:1\t1", "a:1,a:2,b:\t2", "ключ:значение\t3"], "--property", "parse.headers=true", "--property", "null.marker=N")
    return consume(topic, 4, "--from-beginning")


def nulls():
    topic = create("tools-nulls")
    produce(topic, ["N\tv", "k\tN", "\t", "N\t", "\tN"], "--property", "parse.key=true", "--property", "null.marker=N")
    return consume(topic, 5, "--from-beginning")


def codecs():
    topic, sent = create("tools-codecs"), 0
    for codec, acks in [*((c, "all") for c in ["none", "gzip", "snappy", "lz4", "zstd"]), ("none", "0"), ("none", "1"), ("zstd", "0"), ("lz4", "1")]:
        produce(topic, [f"{codec} {acks} {i}\t" + f"value {i} " * 30 for i in range(20)], "--property", "parse.key=true", "--compression-codec", codec, "--producer-property", f"acks={acks}")
        sent += 20
        # With acks=0 the tool ends before the broker has the records, and no broker orders them with those of the next connection.
        deadline = time.monotonic() + WAIT_SECONDS
        while acks == "0" and end_offset(topic) < sent and time.monotonic() < deadline:
            time.sleep(0.05)
    return consume(topic, sent, "--from-beginning")


def end_offset(topic):
    _, out, _ = kafka_tool("kafka-get-offsets", *SERVER, "--topic", topic, "--time", "latest")
    return int(out.strip().rsplit(":", 1)[1])


def large():
    topic, options = create("tools-large"), ["--producer-property", "max.request.size=4000000", "--producer-property", "buffer.memory=8000000"]
    produce(topic, ["abcdefgh" * 115200], *options)
    refused = produce(topic, ["x" * 1_500_000], *options)
    produce(topic, ["x" * 1_500_000], *options, "--compression-codec", "gzip")
    return {"refused": refused, "read": consume(topic, 2, "--from-beginning")}


def positions():
    topic = create("tools-positions")
    produce(topic, [str(i) for i in range(5)])
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    produce(topic, [str(i) for i in range(5, 10)])
    return {
        "start": consume(topic, 10, "--from-beginning"),
        "offset": consume(topic, 3, "--partition", "0", "--offset", "7"),
        "end": consume(topic, 1, "--partition", "0", "--offset", "latest", timeout_ms=1500),
        "out of range": consume(topic, 10, "--partition", "0", "--offset", "500", "--consumer-property", "auto.offset.reset=earliest", timeout_ms=3000),
        "time": tool("kafka-get-offsets", "--topic", topic, "--time", str(between)),
    }


def list_offsets():
    topic = create("tools-list-offsets", 2)
    before = int(time.time() * 1000) - 1000
    produce(topic, [f"k\t{i}" for i in range(10)], "--property", "parse.key=true")
    after = int(time.time() * 1000) + 1000
    times = {"latest": -1, "earliest": -2, "max timestamp": -3, "before": before, "after": after}
    answers = {name: tool("kafka-get-offsets", "--topic", topic, "--time", str(at)) for name, at in times.items()}
    # Which of ten records has the largest timestamp is chance: they were sent in the same few milliseconds.
    answers["max timestamp"] = [re.sub(r":\d$", ":*", line) for line in answers["max timestamp"]]
    return answers


class Member:
    """A console consumer in a group, and the lines it printed."""

    def __init__(self, topic, group, *options):
        self.process = subprocess.Popen([*kafka_command("kafka-console-consumer"), *SERVER, "--topic", topic, "--group", group, "--from-beginning", *PRINT,
                                         "--consumer-property", "heartbeat.interval.ms=300", "--consumer-property", "session.timeout.ms=10000",
                                         "--consumer-property", "auto.commit.interval.ms=300", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=tool_environment())
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def collect(self):
        return rows("".join(self.lines))

    def read(self, count):
        deadline = time.monotonic() + WAIT_SECONDS
        while len(self.collect()) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.collect()

    def leave(self):
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)


def members(group):
    """Assignment sizes of a group's members as kafka-consumer-groups shows them."""
    _, out, _ = kafka_tool("kafka-consumer-groups", *SERVER, "--describe", "--group", group, "--members")
    return sorted(int(line.split()[4]) for line in out.splitlines() if line.startswith(group))


def settle(group, want):
    deadline, sizes = time.monotonic() + WAIT_SECONDS, []
    while (sizes := members(group)) != want and time.monotonic() < deadline:
        pass
    return sizes


def state(group):
    _, out, _ = kafka_tool("kafka-consumer-groups", *SERVER, "--describe", "--group", group, "--state")
    return masked(out)


def groups():
    topic, group = create("tools-groups", 4), "tools-group"
    first = Member(topic, group)
    answers = {"one": settle(group, [4])}
    second = Member(topic, group)
    answers["two"] = settle(group, [2, 2])
    answers["state"] = state(group)
    answers["listed"] = group in tool("kafka-consumer-groups", "--list")
    first.leave()
    answers["left"] = settle(group, [4])
    second.leave()
    answers["empty"] = state(group)
    answers["unknown"] = tool("kafka-consumer-groups", "--describe", "--group", "tools-nobody")
    return answers


def offsets(group):
    """The rows of kafka-consumer-groups --describe without their member columns."""
    _, out, _ = kafka_tool("kafka-consumer-groups", *SERVER, "--describe", "--group", group, "--offsets")
    return [line.split()[:6] for line in out.splitlines() if line.startswith(group)]


def commits():
    topic, group = create("tools-commits"), "tools-commits"
    produce(topic, [str(i) for i in range(10)])
    answers = {"first": consume(topic, 4, "--group", group, "--from-beginning"), "committed": offsets(group)}
    answers["went on"] = consume(topic, 6, "--group", group)
    answers["then"] = offsets(group)
    answers["reset"] = tool("kafka-consumer-groups", "--group", group, "--topic", topic, "--reset-offsets", "--to-offset", "2", "--execute")
    answers["after reset"] = offsets(group)
    return answers


class Sender:
    """A console producer that sends each line as it comes. Java's producer is idempotent unless told otherwise."""

    def __init__(self, topic, *options):
        self.process = subprocess.Popen([*kafka_command("kafka-console-producer"), *SERVER, "--topic", topic, "--producer-property", "retry.backoff.ms=100", *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=tool_environment())

    def send(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def end(self):
        _, error = self.process.communicate(timeout=WAIT_SECONDS)
        return [self.process.returncode, [line for line in error.splitlines() if " ERROR " in line]]


def restart():
    topic = create("tools-restart")
    sender, member = Sender(topic, "--producer-property", "enable.idempotence=false"), Member(topic, "tools-restart")
    sender.send(*[f"before {i}" for i in range(5)])
    before = member.read(5)
    restart_broker()
    sender.send(*[f"after {i}" for i in range(5)])
    ended = sender.end()
    after = member.read(10)
    member.leave()
    return {"before": before, "after": [row for row in after if row[4].startswith("after")], "sender": ended, "committed": offsets("tools-restart"), "all": consume(topic, 10, "--from-beginning")}


def idempotent():
    topic = create("tools-idempotent")
    sender, member = Sender(topic), Member(topic, "tools-idempotent")
    sender.send(*[f"before {i}" for i in range(100)])
    member.read(100)
    restart_broker()
    sender.send(*[f"after {i}" for i in range(100)])
    ended = sender.end()
    member.leave()
    values = [row[4] for row in consume(topic, 200, "--from-beginning")]
    return {"sender": ended, "values": values}


main({"topics": topics, "headers": headers, "nulls": nulls, "codecs": codecs, "large": large, "positions": positions, "list-offsets": list_offsets,
      "groups": groups, "commits": commits, "restart": restart, "idempotent": idempotent})
