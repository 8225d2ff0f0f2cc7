"""Requests and answers of every version, written and read by Kafka's own message schemas ($KAFKA_HOME/messages/clients)."""

import functools
import json
import re
import struct

import brokers
import wire

FIXED = {"bool": "?", "int8": "b", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "float64": "d"}


def within(versions, version):
    """Whether a range such as 3+, 2-5, 4 or none has the version."""
    if not versions or versions == "none":
        return False
    low, _, high = versions.partition("-") if "-" in versions else (versions.rstrip("+"), "", "32767" if versions.endswith("+") else versions)
    return int(low) <= version <= int(high)


@functools.lru_cache
def message(name):
    text = (brokers.KAFKA_HOME / "messages" / "clients" / f"{name}.json").read_text()
    return named(json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M)))


def named(schema):
    """Fields begin with a small letter, as elsewhere here."""
    for key in ("fields", "commonStructs"):
        for field in schema.get(key, ()):
            if key == "fields":
                field["name"] = field["name"][0].lower() + field["name"][1:]
            named(field)
    return schema


def fields_of(schema, kind):
    """The fields of a structure that is named in place or among the common ones."""
    return next((one["fields"] for one in schema.get("commonStructs", []) if one["name"] == kind), None)


def members(schema, field):
    """The fields of a structure or of an array's structures; None for what has none."""
    return field.get("fields") or fields_of(schema, field["type"].removeprefix("[]"))


def default(field):
    kind, given = field["type"], field.get("default")
    if given == "null":
        return None
    if kind.startswith("[]"):
        return []
    if kind == "string":
        return given or ""
    if kind == "uuid":
        return "0" * 32
    if kind in ("bytes", "records"):
        return b""
    if kind == "bool":
        return given in ("true", True)
    if kind == "float64":
        return float(given or 0)
    return int(str(given), 0) if given is not None else 0


class Writer:
    def __init__(self, schema, version):
        self.schema, self.version = schema, version
        self.flexible = within(schema.get("flexibleVersions", "none"), version)

    def length(self, count, form):
        return wire.varint(count + 1) if self.flexible else struct.pack(">" + form, count)

    def structure(self, fields, values):
        out, tagged = b"", []
        for field in fields:
            value = values.get(field["name"], default(field)) if values else default(field)
            if "tag" in field and within(field.get("taggedVersions", field["versions"]), self.version):
                if field["name"] in (values or {}):
                    tagged.append((field["tag"], self.value(field, field["type"], value)))
            elif within(field["versions"], self.version):
                out += self.value(field, field["type"], value)
        if self.flexible:
            out += wire.varint(len(tagged)) + b"".join(wire.varint(tag) + wire.varint(len(one)) + one for tag, one in sorted(tagged))
        return out

    def value(self, field, kind, value):
        if kind.startswith("[]"):
            return self.length(-1, "i") if value is None else self.length(len(value), "i") + b"".join(self.value({**field, "nullableVersions": "none"}, kind[2:], one) for one in value)
        if kind == "string":
            raw = None if value is None else value.encode("utf-8", "surrogateescape")
            return self.length(-1, "h") if raw is None else self.length(len(raw), "h") + raw
        if kind in ("bytes", "records"):
            return self.length(-1, "i") if value is None else self.length(len(value), "i") + value
        if kind == "uuid":
            return bytes.fromhex(value)
        if kind in FIXED:
            return struct.pack(">" + FIXED[kind], value)
        if within(field.get("nullableVersions"), self.version):
            return b"\xff" if value is None else b"\1" + self.structure(members(self.schema, field), value)
        return self.structure(members(self.schema, field), value)


class Answer(wire.Reader):
    def __init__(self, schema, version, data):
        super().__init__(data, within(schema.get("flexibleVersions", "none"), version))
        self.schema, self.version = schema, version

    def structure(self, fields):
        found = {}
        tagged = {field["tag"]: field for field in fields if "tag" in field and within(field.get("taggedVersions", field["versions"]), self.version)}
        for field in fields:
            if field not in tagged.values() and within(field["versions"], self.version):
                found[field["name"]] = self.value(field, field["type"])
        if self.flexible:
            for _ in range(self.varint()):
                tag, size = self.varint(), self.varint()
                end = self.at + size
                if tag in tagged:
                    found[tagged[tag]["name"]] = self.value(tagged[tag], tagged[tag]["type"])
                self.at = end
        return found

    def value(self, field, kind):
        if kind.startswith("[]"):
            count = self.length("i")
            return None if count < 0 else [self.value({**field, "nullableVersions": "none"}, kind[2:]) for _ in range(count)]
        if kind == "string":
            count = self.length("h")
            return None if count < 0 else self.take(count).decode("utf-8", "replace")
        if kind in ("bytes", "records"):
            found = self.bytes()
            return None if found is None else found.hex()
        if kind == "uuid":
            return self.uuid()
        if kind in FIXED:
            return self.number(FIXED[kind])
        if within(field.get("nullableVersions"), self.version) and self.take(1)[0] == 0xFF:
            return None
        return self.structure(members(self.schema, field))


def request(name, version, values, correlation=7, client="odd"):
    """A frame with its length."""
    schema = message(f"{name}Request")
    flexible = within(schema.get("flexibleVersions", "none"), version)
    head = struct.pack(">hhih", schema["apiKey"], version, correlation, len(client)) + client.encode() + (b"\0" if flexible else b"")
    frame = head + Writer(schema, version).structure(schema["fields"], values)
    return struct.pack(">i", len(frame)) + frame


def response(name, version, frame):
    """The fields of an answer, without its length."""
    schema = message(f"{name}Response")
    answer = Answer(schema, version, frame)
    answer.take(4)
    if name != "ApiVersions":
        answer.tags()
    found = answer.structure(schema["fields"])
    answer.end()
    return found
