#!/usr/bin/env python3
"""Asks a running broker about each setting that a request could change: dynamic_verdicts.py host:port configs.tsv > dynamic-verdicts.tsv
A line for each scope (broker: this broker, brokers: all of them, topic) and setting, with an error code for each change of CHANGES. Everything is asked with validateOnly.
The broker is a fresh one with node id 1, one plain listener, and a topic t; the names of the settings are those of shared/kafka-4.4/tables/configs.tsv."""
import socket, struct, sys

SET, DELETE, APPEND, SUBTRACT, LEGACY = 0, 1, 2, 3, 4
# What is asked of each setting: an operation, and a value, of which DEFAULT stands for the setting's default, or 1 where it has none.
DEFAULT = None
CHANGES = [(SET, DEFAULT), (SET, ""), (SET, "x"), (SET, "-1"), (SET, "0"), (SET, "1"), (SET, "2147483647"), (SET, "9223372036854775808"), (SET, "true"), (SET, "a,b"), (SET, " 7 "), (SET, "0.5"),
           (SET, "é"), (DELETE, DEFAULT), (APPEND, "a"), (SUBTRACT, "a"), (LEGACY, DEFAULT), (LEGACY, "x"), (LEGACY, "1")]
LISTENER = ["max.connections", "max.connection.creation.rate", "ssl.keystore.location", "ssl.protocol", "sasl.enabled.mechanisms", "sasl.jaas.config", "plain.sasl.jaas.config", "num.network.threads", "no.such", "connections.max.idle.ms"]

class Broker:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 60)
        self.answers = self.socket.makefile("rb")

    def ask(self, kind, name, changes):
        legacy = [(setting, value) for setting, operation, value in changes if operation == LEGACY]
        text = lambda value: struct.pack(">h", -1) if value is None else struct.pack(">h", len(value.encode())) + value.encode()
        head = struct.pack(">ib", 1, kind) + text(name) + struct.pack(">i", len(changes))
        if legacy:
            key, version, body = 33, 1, head + b"".join(text(setting) + text(value) for setting, value in legacy)
        else:
            key, version, body = 44, 0, head + b"".join(text(setting) + bytes([operation]) + text(value) for setting, operation, value in changes)
        message = struct.pack(">hhi", key, version, 7) + text("v") + body + b"\1"
        self.socket.sendall(struct.pack(">i", len(message)) + message)
        answer = self.answers.read(struct.unpack(">i", self.answers.read(4))[0])[4:]
        return struct.unpack(">h", answer[8:10])[0]

broker = Broker(sys.argv[1])
rows = []
for line in open(sys.argv[2]).read().split("\n")[1:]:
    cells = line.split("\t")
    if cells[0] in ("broker", "broker-dynamic-only"):
        rows += [("broker", cells[1], cells[3]), ("brokers", cells[1], cells[3])]
    elif cells[0] == "topic":
        rows.append(("topic", cells[1], cells[3]))
for name in LISTENER:
    rows += [(scope, f"listener.name.{listener}.{name}", "1") for listener in ("plaintext", "other") for scope in ("broker", "brokers")]
for name in ("no.such.setting", "super.users", "kafkacompat.log.format", ""):
    rows += [(scope, name, "1") for scope in ("broker", "brokers", "topic")]
print("# Apache Kafka 4.4's error codes, made by dynamic_verdicts.py. Not edited by hand.")
print("#", *(f"{('SET', 'DELETE', 'APPEND', 'SUBTRACT', 'LEGACY')[operation]}:{'DEFAULT' if value is DEFAULT else repr(value)}" for operation, value in CHANGES), sep="\t")
for scope, name, default in rows:
    text = "1" if default in ("null", "(required)") else default
    kind, resource = (2, "t") if scope == "topic" else (4, "1" if scope == "broker" else "")
    codes = []
    for operation, value in CHANGES:
        value = value if value is not DEFAULT or operation == DELETE else text
        codes.append(broker.ask(kind, resource, [(name, operation, value)]))
    print(scope, name, text, *codes, sep="\t")
