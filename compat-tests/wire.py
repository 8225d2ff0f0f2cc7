"""Requests as bytes: fields written and read in both encodings of Kafka's protocol, a connection, and the comparison of what two brokers answer."""

import os
import socket
import struct
import threading

import brokers

ANSWER_SECONDS = 20


class Reader:
    """The fields of an answer, in the older encoding or, for `flexible` versions, in the compact one."""

    def __init__(self, data, flexible=False):
        self.data, self.at, self.flexible = data, 0, flexible

    def take(self, length):
        if length < 0 or self.at + length > len(self.data):
            raise ValueError(f"{length} bytes are needed, {len(self.data) - self.at} are left of the answer")
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def length(self, form):
        return self.varint() - 1 if self.flexible else self.number(form)

    def text(self):
        length = self.length("h")
        return None if length < 0 else self.take(length).decode()

    def bytes(self):
        length = self.length("i")
        return None if length < 0 else self.take(length)

    def uuid(self):
        return self.take(16).hex()

    def array(self, read):
        length = self.length("i")
        return None if length < 0 else [read() for _ in range(length)]

    def tags(self):
        """The tagged fields behind a structure: {tag: a reader of its value}; none in the older encoding."""
        return {self.varint(): Reader(self.take(self.varint()), True) for _ in range(self.varint())} if self.flexible else {}

    def end(self):
        if self.at != len(self.data):
            raise ValueError(f"{len(self.data) - self.at} bytes are left of the answer")


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value.encode())) + value.encode()


def array(items):
    return struct.pack(">i", -1) if items is None else struct.pack(">i", len(items)) + b"".join(items)


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


class Fields:
    """Writes strings, bytes, arrays and the end of structures as a version has them."""

    def __init__(self, flexible):
        self.flexible = flexible

    def text(self, value):
        if not self.flexible:
            return text(value)
        return b"\0" if value is None else varint(len(value.encode()) + 1) + value.encode()

    def bytes(self, value):
        if not self.flexible:
            return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value
        return b"\0" if value is None else varint(len(value) + 1) + value

    def array(self, items):
        return varint(len(items) + 1) + b"".join(items) if self.flexible else array(items)

    def tags(self, tagged=()):
        if not self.flexible:
            return b""
        return varint(len(tagged)) + b"".join(varint(tag) + varint(len(value)) + value for tag, value in tagged)


class Connection:
    """One connection to a broker: requests go out, frames come back in order."""

    def __init__(self, port):
        self.socket = socket.create_connection(("localhost", port), timeout=ANSWER_SECONDS)
        self.received = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.received.close()
        self.socket.close()

    def send(self, key, version, body, flexible=False, correlation=1):
        message = struct.pack(">hhi", key, version, correlation) + text("wire") + (b"\0" if flexible else b"") + body
        self.socket.sendall(struct.pack(">i", len(message)) + message)

    def receive(self, flexible=False):
        """The correlation id and the answer's fields; None where the connection was closed instead."""
        try:
            length = self.received.read(4)
        except ConnectionResetError:
            return None
        if not length:
            return None
        answer = Reader(self.received.read(struct.unpack(">i", length)[0]), flexible)
        correlation = answer.number("i")
        answer.tags()
        return correlation, answer


def ask(port, key, version, body, flexible=False):
    """The answer's fields; None where the connection was closed instead."""
    with Connection(port) as connection:
        connection.send(key, version, body, flexible)
        answer = connection.receive(flexible)
        return answer and answer[1]


def compare(part, folder, names, options, answers, different, level=lambda told: told):
    """Starts the brokers, has `answers(broker, found)` fill what each says by name of request, at the same time, and compares. `different` are the parts of
    names whose answers may differ, `level` takes out of all answers to a request what is no difference. Returns passed and failed counts."""
    folder.mkdir(parents=True, exist_ok=True)
    running = []
    try:
        for name in names:
            running.append(brokers.BROKERS[name](folder / name).start())
        found = [{} for _ in running]
        threads = [threading.Thread(target=answers, args=pair) for pair in zip(running, found)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        failed = 0
        for name in list(dict.fromkeys(name for one in found for name in one)):
            told = level([one.get(name, "driver error: not asked") for one in found])
            if options.verbose:
                print(f"  [{name}] {told[-1]}")
            if "driver error" not in "".join(told) and (len(set(told)) == 1 or any(part in name for part in different)):
                continue
            failed += 1
            print(f"FAILED  {part} {name}")
            # Long answers are shown from a little before the place where they part.
            start = max(0, len(os.path.commonprefix(told)) - 200)
            for broker, one in zip(running, told):
                print(f"  {broker.name:6} {'… ' if start else ''}{one[start:start + 1500]}")
        failed = failed or (1 if not found[0] else 0)
        print(f"{'FAILED' if failed else 'passed'}  {part}: {len(found[0])} requests to each broker", flush=True)
        return max(0, len(found[0]) - failed), failed
    finally:
        for broker in running:
            broker.kill()
