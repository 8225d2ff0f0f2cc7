"""Requests that create topics and partitions and alter and describe settings, with everything about them that can be wrong, sent as bytes to both brokers:
Kafka's tools refuse much of it themselves. Error codes and texts are compared; nothing is changed, for every request only validates."""

import struct

import brokers
import wire
from wire import array, ask, text

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)

# Where ours differs; the README says why.
DIFFERENT = (
    "listener.name.plaintext.ssl.keystore.location", "listener.name.plaintext.nope", "sasl.jaas.config", "principal.builder.class",  # altered in the file alone
    "('node.id', '2')",  # Java's sets have an order of their own
    "describe 0", "describe 1 ", "describe 99",  # the text says which type it is
)


def alter(port, key, resources):
    def setting(name, value, operation=SET):
        return text(name) + (struct.pack(">b", operation) if key == 44 else b"") + text(value)

    body = array([struct.pack(">b", kind) + text(name) + array([setting(*one) for one in settings]) for kind, name, settings in resources])
    answer = ask(port, key, 0, body + b"\1")
    if answer:
        answer.number("i")
    return answer and answer.array(lambda: (answer.number("h"), answer.text(), answer.number("b"), answer.text()))


def describe(port, version, kind, name, keys):
    body = array([struct.pack(">b", kind) + text(name) + array(None if keys is None else [text(one) for one in keys])]) + b"\1" + (b"\0" if version >= 3 else b"")
    answer = ask(port, 32, version, body)
    if not answer:
        return None

    def setting():
        found = answer.text(), answer.text(), answer.number("b"), answer.number("b"), answer.number("b"), answer.array(lambda: (answer.text(), answer.text(), answer.number("b")))
        return found + ((answer.number("b"), answer.text())[:1] if version >= 3 else ())

    answer.number("i")
    return answer.array(lambda: (answer.number("h"), answer.text(), answer.number("b"), answer.text(), sorted(answer.array(setting))))


def create(port, topics):
    def topic(name, partitions, factor, assignments, configs):
        placed = [struct.pack(">i", index) + array([struct.pack(">i", one) for one in replicas]) for index, replicas in assignments]
        return text(name) + struct.pack(">ih", partitions, factor) + array(placed) + array([text(key) + text(value) for key, value in configs])

    answer = ask(port, 19, 4, array([topic(*one) for one in topics]) + struct.pack(">ib", 5000, 1))
    if answer:
        answer.number("i")
    return answer and sorted(answer.array(lambda: (answer.text(), answer.number("h"), answer.text() or "")))


def grow(port, topics):
    def topic(name, count, assignments):
        return text(name) + struct.pack(">i", count) + array(None if assignments is None else [array([struct.pack(">i", one) for one in replicas]) for replicas in assignments])

    answer = ask(port, 37, 1, array([topic(*one) for one in topics]) + struct.pack(">ib", 5000, 1))
    if answer:
        answer.number("i")
    return answer and sorted(answer.array(lambda: (answer.text(), answer.number("h"), answer.text() or "")))


ALTERED = [
    (TOPIC, "t", [("retention.ms", "x")]), (TOPIC, "", [("retention.ms", "1")]), (TOPIC, "a b", [("retention.ms", "1")]), (TOPIC, "nope", [("retention.ms", "1")]),
    (TOPIC, "nope", [("nope", "1")]), (TOPIC, "t", [("", "1")]), (TOPIC, "t", [("retention.ms", None)]), (TOPIC, "t", [("retention.ms", "1"), ("retention.ms", "2")]), (TOPIC, "t", []),
    (TOPIC, "t", [("min.cleanable.dirty.ratio", "nan")]), (TOPIC, "t", [("compression.gzip.level", "x")]), (TOPIC, "t", [("cleanup.policy", "delete,delete")]),
    (BROKER, "1", [("", "1")]), (BROKER, "", [("", None)]), (BROKER, "-1", [("log.retention.ms", "1")]), (BROKER, "+1", [("log.retention.ms", "1")]),
    (BROKER, " 1", [("log.retention.ms", "1")]), (BROKER, "99999999999", [("log.retention.ms", "1")]), (BROKER, "1", []), (BROKER, "1", [("broker.id", "2")]),
    (BROKER, "1", [("log.retention.ms", "5"), ("node.id", "2"), ("log.dirs", "x")]), (BROKER, "1", [("listener.name.nobody.max.connections", "5")]),
    (BROKER, "1", [("listener.name.plaintext.ssl.keystore.location", "/x")]), (BROKER, "1", [("listener.name.plaintext.nope", "5")]), (BROKER, "1", [("sasl.jaas.config", "x")]),
    (BROKER, "1", [("principal.builder.class", "x")]), (BROKER, "1", [("advertised.listeners", "PLAINTEXT://h:1")]),
    (LOGGER, "1", [("root", "INFO")]), (LOGGER, "", [("root", "INFO")]), (LOGGER, "x", [("root", "INFO")]), (LOGGER, "1", [("", "INFO")]), (LOGGER, "1", [("root", "info")]),
    (METRICS, "m", [("", "1")]), (METRICS, "", [("interval.ms", "1000")]), (METRICS, "m", [("interval.ms", "0")]), (METRICS, "m", [("metrics", "")]), (METRICS, "m", []),
    (GROUP, "g", [("", "1")]), (GROUP, "", [("consumer.session.timeout.ms", "50000")]), (GROUP, "g", [("consumer.session.timeout.ms", "")]),
    (GROUP, "g", [("consumer.session.timeout.ms", "50000"), ("consumer.heartbeat.interval.ms", "15001")]), (GROUP, "g", []),
    *((kind, "x", [("a", "b")]) for kind in (0, 1, 3, 99, -1)),
]
OPERATIONS = [
    [("cleanup.policy", "delete", SUBTRACT)], [("cleanup.policy", "", APPEND)], [("cleanup.policy", ",compact", APPEND)], [("cleanup.policy", " delete", SUBTRACT)],
    [("retention.ms", "1", SUBTRACT)], [("nope", "1", APPEND)], [("cleanup.policy", None, APPEND)], [("cleanup.policy", "compact", 4)], [("cleanup.policy", "compact", -1)],
    [("retention.ms", "9", DELETE)], [("retention.ms", None, DELETE)], [("retention.ms", "5", SET), ("nope", "x", SET)],
]
DESCRIBED = [
    (TOPIC, "", None), (TOPIC, "a b", None), (TOPIC, "nope", None), (TOPIC, "t", None), (TOPIC, "t", []), (TOPIC, "t", ["nope"]), (TOPIC, "t", ["retention.ms", "retention.ms"]),
    (BROKER, "x", None), (BROKER, "7", None), (BROKER, "", None), (BROKER, "1", ["node.id"]), (BROKER, "+1", ["node.id"]), (LOGGER, "", None), (LOGGER, "x", None), (LOGGER, "7", None),
    (LOGGER, "1", ["root"]), (LOGGER, "1", ["nope"]), (METRICS, "", None), (METRICS, "none", None), (GROUP, "", None), (GROUP, "none", None), (0, "x", None), (1, "x", None), (99, "x", None),
]
CREATED = [
    *(("u", count, factor, [], []) for count, factor in ((1, 1), (0, 1), (-1, -1), (-2, 1), (1, 0), (1, 2), (1, -2), (1, 32767), (2147483647, 1))),
    ("u", 1, 1, [(0, [1])], []), ("u", 2, -1, [(0, [1]), (1, [1])], []),
    *(("u", -1, -1, placed, []) for placed in (
        [(0, [1])], [(1, [1])], [(0, [1]), (0, [1])], [(0, [])], [(0, [1, 1])], [(0, [7])], [(0, [-1])], [(0, [1]), (2, [1])], [(0, [1]), (1, [1, 7])])),
    *(("u", 1, 1, [], [(key, value)]) for key, value in (
        ("retention.ms", None), ("", "x"), ("retention.ms", ""), ("cleanup.policy", "delete,delete"), ("compression.gzip.level", "x"), ("min.cleanable.dirty.ratio", "nan"))),
    *((name, 1, 1, [], []) for name in ("", ".", "x" * 250, "é", "__consumer_offsets", "__cluster_metadata", "t")), ("t", 0, 1, [], [("nope", "x")]),
]
GROWN = [("t", 2, None), ("t", 1, None), ("t", 0, None), ("t", -1, None), ("t", 2147483647, None), ("nope", 2, None), ("", 2, None),
         *(("t", 2, placed) for placed in ([], [[1]], [[1], [1]], [[7]], [[]], [[1, 1]]))]


def cases():
    """Pairs of a name and a request."""
    for key, kind in ((44, "alter"), (33, "replace")):
        for one in ALTERED:
            yield f"{kind} {one}", lambda port, key=key, one=one: alter(port, key, [one])
    for one in OPERATIONS:
        yield f"alter {one}", lambda port, one=one: alter(port, 44, [(TOPIC, "t", one)])
    several = [(TOPIC, "t", [("retention.ms", "x")]), (TOPIC, "nope", [("a", "b")]), (BROKER, "1", [("log.retention.ms", "y")]), (0, "z", []), (GROUP, "g", [("share.isolation.level", "z")])]
    yield "alter several", lambda port: alter(port, 44, several)
    yield "alter one twice", lambda port: alter(port, 44, [(TOPIC, "t", [("retention.ms", "5")]), (TOPIC, "t", [("retention.ms", "6")]), several[-1]])
    for version in (1, 3):
        for kind, name, keys in DESCRIBED:
            yield f"describe {kind} {name!r} {keys} in version {version}", lambda port, one=(version, kind, name, keys): describe(port, *one)
    for one in CREATED:
        yield f"create {one}", lambda port, one=one: create(port, [one])
    yield "create twice", lambda port: create(port, [("u", 1, 1, [], []), ("u", 2, 1, [], []), ("w", 1, 1, [], [])])
    yield "create none", lambda port: create(port, [])
    for one in GROWN:
        yield f"grow {one}", lambda port, one=one: grow(port, [one])
    yield "grow twice", lambda port: grow(port, [("t", 2, None), ("t", 3, None)])


def answers(broker, found):
    brokers.kafka_tool("kafka-topics", "--bootstrap-server", broker.bootstrap, "--create", "--topic", "t", "--partitions", "1")
    for name, request in cases():
        try:
            found[name] = repr(request(broker.port)).replace(str(broker.data), "DATA")
        except (OSError, struct.error, UnicodeDecodeError) as error:
            found[name] = f"driver error on {broker.name}: {error!r}"


def run(folder, names, options):
    """Returns passed and failed counts."""
    return wire.compare("admin", folder, names, options, answers, DIFFERENT, lambda told: [one.replace("requirement failed: ", "") for one in told])
