"""Produce and Fetch requests sent as bytes to both brokers: what topics do to batches (codecs, timestamps, sizes), what is wrong with batches and requests,
producers' sequences, and every version. Answers are compared field by field, and what is fetched afterwards by everything but its compressed bytes.
The requests stand in produce_cases.py and fetch_cases.py; each case has partitions of its own."""

import collections
import re
import struct
import time

import fetch_cases
import produce_cases
import record_batches
import wire
from produce_cases import START

PRODUCE, FETCH, METADATA, API_VERSIONS, CREATE_TOPICS, DELETE_RECORDS = 0, 1, 3, 18, 19, 21
READY_SECONDS = 30
# A broker's clock stands within so much of the start of the run.
RUN_MS = 20 * 60_000
LONGEST = (1 << 63) - 1

# Where ours differs; the README says why.
DIFFERENT = (
    f"timestamp the first at message.timestamp.after.max.ms={LONGEST}",  # a difference that overflows
)


def moment(value, answered=()):
    """A time that both brokers must have alike: one that was sent as it is, the broker's own as `now`, and as `answered` where the answer to Produce told it."""
    if value in answered:
        return "answered"
    return "now" if START < value < START + RUN_MS else value


def ordered(topics):
    """Topics and partitions of an answer, in an order of their own: no client goes by the broker's, which may name those that failed first or last."""
    found = {}
    for name, partitions in topics:
        found.setdefault(name, []).extend(partitions)
    return [(name, sorted(rows, key=lambda row: (row["partition"], row["error"]))) for name, rows in sorted(found.items())]


def timeless(message):
    """A text without the broker's clock: the bounds of timestamps are told from it."""
    def shown(number):
        value = int(number.group())
        for name, far in (("", 0), ("-forever", -LONGEST), ("+forever", LONGEST), ("+forever", LONGEST - (1 << 64))):
            hours, rest = divmod(value - START - far, 3_600_000)
            if 0 < rest < RUN_MS and abs(hours) < 1000:
                return f"now{name}{hours:+}h"
        return number.group()

    return message and re.sub(r"-?\d{12,}", shown, message)


class Node:
    """A broker that is asked: its topics' ids, and what the case that runs has sent and been told."""

    def __init__(self, broker, topics):
        self.port, self.ids, self.names = broker.port, {}, {}
        for name, (partitions, configs) in topics.items():
            self.create(name, partitions, configs)
        deadline = time.monotonic() + READY_SECONDS
        for name, (partitions, _) in topics.items():
            while any(self.fetch_errors(name, partitions)):
                if time.monotonic() > deadline:
                    raise ValueError(f"{name} is not led: {self.fetch_errors(name, partitions)}")
                time.sleep(0.05)
        self.learn_ids()
        if missing := topics.keys() - self.ids.keys():
            raise ValueError(f"no ids of {missing}")

    def begin(self, topic, first):
        """A case begins, on its own partitions."""
        self.topic, self.first, self.sent, self.answered, self.session = topic, first, [], set(), 0

    def create(self, name, partitions, configs):
        body = wire.array([wire.text(name) + struct.pack(">ih", partitions, 1) + wire.array([]) + wire.array([wire.text(k) + wire.text(v) for k, v in configs])])
        answer = wire.ask(self.port, CREATE_TOPICS, 4, body + struct.pack(">ib", 20_000, 0))
        answer.number("i")
        (_, error, message), = answer.array(lambda: (answer.text(), answer.number("h"), answer.text()))
        if error:
            raise ValueError(f"topic {name} {configs}: {error} {message}")

    def learn_ids(self):
        answer = wire.ask(self.port, METADATA, 12, b"\0\0\0\0", flexible=True)
        number = answer.number
        number("i")
        answer.array(lambda: (number("i"), answer.text(), number("i"), answer.text(), answer.tags()))
        answer.text(), number("i")
        answer.array(self.learn_id(answer))

    def learn_id(self, answer):
        def read():
            answer.number("h")
            name, topic_id = answer.text(), answer.take(16)
            self.ids[name], self.names[topic_id] = topic_id, name
            answer.number("b")
            whole = lambda: answer.array(lambda: answer.number("i"))
            answer.array(lambda: (answer.take(14), whole(), whole(), whole(), answer.tags()))
            answer.number("i"), answer.tags()
        return read

    def fetch_errors(self, name, partitions):
        self.begin(name, 0)
        answer = self.fetch(12, [(name, index, 0, {}) for index in range(partitions)])
        return [row["error"] for _, rows in answer["topics"] for row in rows]

    def topic_field(self, fields, version, name):
        """How a request names a topic: by name, or from 13 on by id. A name of 16 bytes is an id already, a name that no topic has an id that none has."""
        if version < 13:
            return fields.text(name)
        return name if isinstance(name, bytes) else self.ids.get(name, b"\x01" * 16)

    def topic_name(self, answer, version):
        """How an answer names it."""
        if version < 13:
            return answer.text()
        topic_id = answer.take(16)
        return self.names.get(topic_id, topic_id.hex())

    def tagged(self, answer):
        """Tagged fields as bytes; ports differ, all else must not."""
        return {tag: value.data.replace(struct.pack(">i", self.port), b"PORT") for tag, value in answer.tags().items()}

    def produce(self, version, topics, acks=-1, timeout=10_000, transactional=None):
        """`topics` are (name, [(partition, bytes)]). The answer, or what happened instead of one."""
        flexible = version >= 9
        fields = wire.Fields(flexible)
        parts = [self.topic_field(fields, version, name) + fields.array([struct.pack(">i", index) + fields.bytes(data) + fields.tags() for index, data in partitions]) + fields.tags()
                 for name, partitions in topics]
        self.sent += [data for _, partitions in topics for _, data in partitions if data]
        with wire.Connection(self.port) as connection:
            connection.send(PRODUCE, version, fields.text(transactional) + struct.pack(">hi", acks, timeout) + fields.array(parts) + fields.tags(), flexible)
            if acks == 0:
                # The next answer tells whether this request had one, or whether the connection was closed over it.
                connection.send(API_VERSIONS, 0, b"", correlation=2)
            answer = connection.receive(flexible and acks != 0)
        if not answer:
            return "closed"
        correlation, answer = answer
        if correlation == 2:
            return "no answer"

        def partition():
            found = {"partition": answer.number("i"), "error": answer.number("h"), "base": answer.number("q")}
            appended = answer.number("q")
            if appended >= 0:
                self.answered.add(appended)
            found["appended"] = moment(appended)
            if version >= 5:
                found["start"] = answer.number("q")
            if version >= 8:
                found["records"] = answer.array(lambda: (answer.number("i"), timeless(answer.text()), answer.tags())[:2])
                found["text"] = timeless(answer.text())
            return {**found, "tags": self.tagged(answer)}

        told = answer.array(lambda: (self.topic_name(answer, version), answer.array(partition), answer.tags())[:2])
        answer.number("i")
        told = {"topics": ordered(told), "tags": self.tagged(answer)}
        answer.end()
        return told

    def fetch(self, version, partitions, *, replica=-1, wait=0, least=1, most=1 << 26, isolation=0, session=(0, -1), forgotten=(), rack="", cluster=None):
        """`partitions` are (topic, partition, offset, {epoch, last, start, most}), neighbours of one topic under one name."""
        flexible = version >= 12
        fields = wire.Fields(flexible)
        topics = []
        for name, index, offset, told in partitions:
            row = struct.pack(">i", index) + (struct.pack(">i", told.get("epoch", -1)) if version >= 9 else b"") + struct.pack(">q", offset)
            row += struct.pack(">i", told.get("last", -1)) if version >= 12 else b""
            row += (struct.pack(">q", told.get("start", -1)) if version >= 5 else b"") + struct.pack(">i", told.get("most", 1 << 26)) + fields.tags()
            if topics and topics[-1][0] == name:
                topics[-1][1].append(row)
            else:
                topics.append((name, [row]))
        body = (struct.pack(">i", replica) if version < 15 else b"") + struct.pack(">iiib", wait, least, most, isolation)
        body += struct.pack(">ii", *session) if version >= 7 else b""
        body += fields.array([self.topic_field(fields, version, name) + fields.array(rows) + fields.tags() for name, rows in topics])
        if version >= 7:
            body += fields.array([self.topic_field(fields, version, name) + fields.array([struct.pack(">i", one) for one in indexes]) + fields.tags() for name, indexes in forgotten])
        body += fields.text(rack) if version >= 11 else b""
        tagged = [(0, fields.text(cluster))] if cluster is not None else []
        tagged += [(1, struct.pack(">iq", replica, -1) + b"\0")] if version >= 15 and replica != -1 else []
        answer = wire.ask(self.port, FETCH, version, body + fields.tags(tagged), flexible)
        if not answer:
            return "closed"

        def partition():
            found = {"partition": answer.number("i"), "error": answer.number("h"), "high": answer.number("q"), "stable": answer.number("q")}
            if version >= 5:
                found["start"] = answer.number("q")
            found["aborted"] = answer.array(lambda: (answer.number("q"), answer.number("q"), answer.tags()))
            if version >= 11:
                found["replica"] = answer.number("i")
            data = answer.bytes()
            found["batches"] = data if data is None else [self.shown(one) for one in record_batches.read(data, self.sent)]
            return {**found, "tags": self.tagged(answer)}

        answer.number("i")
        told = {}
        if version >= 7:
            told["error"], self.session = answer.number("h"), answer.number("i")
            told["session"] = "one" if self.session else "none"
        told["topics"] = ordered(answer.array(lambda: (self.topic_name(answer, version), answer.array(partition), answer.tags())[:2]))
        told["tags"] = self.tagged(answer)
        answer.end()
        return told

    def shown(self, batch):
        return batch if isinstance(batch, str) else {**batch, "baseTime": moment(batch["baseTime"], self.answered), "maxTime": moment(batch["maxTime"], self.answered)}

    def delete_records(self, index, offset):
        body = wire.array([wire.text(self.topic) + wire.array([struct.pack(">iq", index, offset)])]) + struct.pack(">i", 10_000)
        answer = wire.ask(self.port, DELETE_RECORDS, 1, body)
        answer.number("i")
        return answer.array(lambda: (answer.text(), answer.array(lambda: (answer.number("i"), answer.number("q"), answer.number("h")))))


def layout(cases):
    """A topic for each set of settings, a partition or more for each case: {topic: (partitions, settings)} and (case, topic, first partition)."""
    topics, places, names = {}, [], {}
    for case in cases:
        topic = names.setdefault(case.configs, f"t{len(names)}")
        first = topics.get(topic, (0,))[0]
        topics[topic] = first + case.partitions, case.configs
        places.append((case, topic, first))
    return topics, places


def run(folder, names, options):
    """Returns passed and failed counts."""
    cases = [*produce_cases.cases(), *fetch_cases.cases()]
    twice = [name for name, count in collections.Counter(case.name for case in cases).items() if count > 1]
    if twice:
        raise RuntimeError(f"two cases of Produce have one name: {twice}")
    topics, places = layout(cases)

    def answers(broker, found):
        try:
            node = Node(broker, topics)
        except (OSError, ValueError) as error:
            found["topics"] = f"driver error on {broker.name}: {error!r}"
            return
        for case, topic, first in places:
            node.begin(topic, first)
            for number, step in enumerate(case.steps):
                name = f"{case.name} [{number}]" if len(case.steps) > 1 else case.name
                try:
                    found[name] = repr(step(node))
                except (OSError, ValueError, struct.error, IndexError) as error:
                    found[name] = f"driver error on {broker.name}: {error!r}"

    return wire.compare("produce", folder, names, options, answers, DIFFERENT)
