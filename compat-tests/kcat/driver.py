"""Drives kcat (librdkafka), a process for each step. Topics come into being by producing to them: kcat administers nothing."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import BOOTSTRAP, main, restart_broker, shown

WAIT_SECONDS = 40
FORMAT = "%p\\x01%o\\x01%K\\x01%k\\x01%S\\x01%s\\x01%h\\x02"


def kcat(*arguments, input=b""):
    """Runs kcat to its end; returns its output, its error lines if it failed."""
    run = subprocess.run(["kcat", "-b", BOOTSTRAP, *arguments], input=input, capture_output=True, timeout=WAIT_SECONDS)
    if run.returncode != 0:
        raise RuntimeError(f"kcat {' '.join(arguments)}: {run.stderr.decode()}")
    return run.stdout


def produce(topic, lines, *options):
    kcat("-P", "-t", topic, "-X", "queue.buffering.max.ms=20", *options, input="".join(line + "\n" for line in lines).encode())
    return topic


def parsed(output):
    """Rows of what FORMAT printed: partition, offset, key, value, headers; a length of -1 is null."""
    rows = []
    for record in output.split(b"\x02")[:-1]:
        partition, offset, key_length, key, value_length, value, headers = record.split(b"\x01")
        rows.append([int(partition), int(offset), None if key_length == b"-1" else shown(key), None if value_length == b"-1" else shown(value), headers.decode()])
    return sorted(rows, key=lambda row: row[:2])


def read(topic, *options, start="beginning"):
    return parsed(kcat("-C", "-t", topic, "-o", start, "-e", "-q", "-f", FORMAT, *options))


def topics():
    produce("kcat-topics", ["x"])
    listed = json.loads(kcat("-L", "-J", "-t", "kcat-topics"))
    everything = json.loads(kcat("-L", "-J"))
    return {
        "brokers": [b["id"] for b in listed["brokers"]],
        "controller": listed.get("controllerid"),
        "topics": listed["topics"],
        "listed": "kcat-topics" in [t["topic"] for t in everything["topics"]],
    }


def headers():
    topic = "kcat-headers"
    produce(topic, ["0"])
    produce(topic, ["1"], "-H", "a=1")
    produce(topic, ["2"], "-H", "a=1", "-H", "a=2", "-H", "b=")
    produce(topic, ["3"], "-H", "none", "-H", "ключ=значение")
    return read(topic)


def nulls():
    topic = "kcat-nulls"
    produce(topic, ["v"])
    produce(topic, ["k:", ":v", "k:v"], "-K", ":", "-Z")
    produce(topic, ["k:", ":v", ":"], "-K", ":")
    return read(topic)


def codecs():
    topic, sent = "kcat-codecs", 0
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        for acks in ["0", "1", "all"]:
            produce(topic, [f"{codec} {acks} {i}:" + f"value {i} " * 30 for i in range(20)], "-K", ":", "-z", codec, "-X", f"acks={acks}")
            sent += 20
            # With acks=0 kcat ends before the broker has the records, and no broker orders them with those of the next connection.
            until(lambda: end_offset(topic) == sent)
    return read(topic)


def end_offset(topic):
    return int(kcat("-Q", "-t", f"{topic}:0:-1").decode().split()[-1])


def until(condition):
    """Waits for the condition; a scenario that waits in vain shows what there is."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def large():
    topic, options = "kcat-large", ["-X", "message.max.bytes=4000000"]
    with tempfile.TemporaryDirectory() as folder:
        fits, exceeds = pathlib.Path(folder) / "fits", pathlib.Path(folder) / "exceeds"
        fits.write_bytes(b"abcdefgh" * 115200)
        exceeds.write_bytes(b"\0" * 1_500_000)
        kcat("-P", "-t", topic, *options, str(fits))
        refused = subprocess.run(["kcat", "-b", BOOTSTRAP, "-P", "-t", topic, *options, str(exceeds)], capture_output=True, timeout=WAIT_SECONDS)
        kcat("-P", "-t", topic, *options, "-z", "gzip", str(exceeds))
    return {"refused": re.findall(r"Delivery failed[^\n]*", refused.stderr.decode()), "read": read(topic)}


def positions():
    topic = "kcat-positions"
    produce(topic, [str(i) for i in range(5)])
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    produce(topic, [str(i) for i in range(5, 10)])
    return {
        "start": read(topic),
        "end": read(topic, start="end"),
        "offset": read(topic, start="7"),
        "from the end": read(topic, start="-2"),
        "time": read(topic, start=f"s@{between}"),
        "until": read(topic, "-o", f"e@{between}", start="beginning"),
        "count": read(topic, "-c", "3"),
        "out of range": read(topic, "-X", "topic.auto.offset.reset=earliest", start="500"),
    }


def list_offsets():
    topic = "kcat-list-offsets"
    before = int(time.time() * 1000) - 1000
    produce(topic, [str(i) for i in range(10)])
    after = int(time.time() * 1000) + 1000
    return {name: kcat("-Q", "-t", f"{topic}:0:{at}").decode().split() for name, at in {"earliest": -2, "latest": -1, "before": before, "after": after}.items()}


class Member:
    """A kcat in a group: what it read, and the size of its last assignment."""

    def __init__(self, group, *topics, options=()):
        self.process = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-G", group, "-E", "-u", "-f", FORMAT, "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=300",
                                         "-X", "session.timeout.ms=10000", "-X", "partition.assignment.strategy=roundrobin", *options, *topics], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assigned = 0
        self.output = b""
        threading.Thread(target=self.watch, daemon=True).start()
        threading.Thread(target=self.collect, daemon=True).start()

    def watch(self):
        for line in self.process.stderr:
            if b"assigned:" in line or b"revoked:" in line:
                self.assigned = line.count(b"[") if b"assigned:" in line else 0

    def collect(self):
        while chunk := self.process.stdout.read1(65536):
            self.output += chunk

    def read(self, count):
        deadline = time.monotonic() + WAIT_SECONDS
        while self.output.count(b"\x02") < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return parsed(self.output)

    def leave(self):
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)


def settle(members, want):
    deadline = time.monotonic() + WAIT_SECONDS
    while sorted(m.assigned for m in members) != sorted(want) and time.monotonic() < deadline:
        time.sleep(0.05)
    return sorted(m.assigned for m in members)


def groups():
    names = [f"kcat-groups-{i}" for i in range(4)]
    for name in names:
        produce(name, ["x"])
    first = Member("kcat-group", *names)
    answers = {"one": settle([first], [4])}
    second = Member("kcat-group", *names)
    answers["two"] = settle([first, second], [2, 2])
    first.leave()
    answers["left"] = settle([second], [4])
    third = Member("kcat-group", *names, options=["-X", "group.instance.id=third"])
    answers["static"] = settle([second, third], [2, 2])
    second.leave()
    answers["static alone"] = settle([third], [4])
    third.leave()
    return answers


def commits():
    topic = "kcat-commits"
    produce(topic, [str(i) for i in range(10)])
    options = ["-f", FORMAT, "-X", "auto.offset.reset=earliest", "-e", "-q"]
    first = parsed(kcat("-G", "kcat-commits", "-c", "4", *options, topic))
    second = parsed(kcat("-G", "kcat-commits", *options, topic))
    third = parsed(kcat("-G", "kcat-commits", *options, topic))
    return {"first": first, "went on": second, "nothing left": third}


class Sender:
    """A kcat that lives through a restart (-E). It reads its input in large blocks, so that only many lines leave before the end."""

    def __init__(self, topic, *options):
        self.process = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-P", "-E", "-t", topic, "-X", "queue.buffering.max.ms=5", *options], stdin=subprocess.PIPE, stderr=subprocess.PIPE)

    def send(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines).encode())
        self.process.stdin.flush()

    def end(self):
        _, errors = self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode, re.findall(r"Delivery failed[^\n]*", errors.decode())


def restart():
    topic = "kcat-restart"
    produce(topic, [f"before {i}" for i in range(5)])
    sender = Sender(topic)
    member = Member("kcat-restart", topic)
    before = member.read(5)
    restart_broker()
    sender.send(*[f"after {i}" for i in range(5)])
    ended = sender.end()
    after = member.read(10)
    member.leave()
    rest = parsed(kcat("-G", "kcat-restart", "-f", FORMAT, "-X", "auto.offset.reset=earliest", "-e", "-q", topic))
    return {"before": before, "after": [row for row in after if row[1] >= 5], "sender": ended, "rest": rest, "all": read(topic)}


def idempotent():
    topic = "kcat-idempotent"
    produce(topic, ["first"])
    sender = Sender(topic, "-X", "enable.idempotence=true")
    lines = [f"{i:05} " + "x" * 94 for i in range(10000)]
    sender.send(*lines[:5000])
    deadline = time.monotonic() + WAIT_SECONDS
    while len(read(topic)) < 1000 and time.monotonic() < deadline:
        time.sleep(0.05)
    restart_broker()
    sender.send(*lines[5000:])
    ended = sender.end()
    values = kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q").decode().splitlines()
    return {"sender": ended, "every record once and in order": values == ["first", *lines], "offsets": [row[1] for row in read(topic)] == list(range(10001))}


main({"topics": topics, "headers": headers, "nulls": nulls, "codecs": codecs, "large": large, "positions": positions, "list-offsets": list_offsets,
      "groups": groups, "commits": commits, "restart": restart, "idempotent": idempotent})
