#!/usr/bin/python3
"""Sends each served request in each version with odd values, a field at a time (null, empty, negative, extreme, doubled, unknown), to both brokers and compares error codes, answers and
closed connections. The bases are below; what a field can be is made from Kafka's schemas (schemas.py).
usage: odd_values.py KAFKA_PORT OUR_PORT [--only API] [--verbose]       or as a part of run.py"""

import argparse
import collections
import copy
import json
import pathlib
import re
import socket
import struct
import sys
import threading
import time

import brokers
import schemas
from record_batches import batch

SILENCE_SECONDS = 10  # longer than a member's session of 6 s, for which a JoinGroup may wait
TOPIC, OTHER, GROUP = "odd-a", "odd-b", "odd-group"
UNKNOWN_ID = "11223344556677889900aabbccddeeff"
T = int(time.time() * 1000) - 3_600_000  # recent, so that retention leaves them
MASKED = {"throttleTimeMs", "clusterId", "host", "port", "memberId", "leader", "producerId", "logDir", "totalBytes", "usableBytes", "clientInstanceId", "subscriptionId", "leaderEpoch_", "brokerEpoch",
          "tokenId", "hmac", "issueTimestampMs", "expiryTimestampMs", "maxTimestampMs", "lastFetchTimestamp", "lastCaughtUpTimestamp", "logEndOffset", "highWatermark_", "partitionSize", "documentation",
          "voterDirectoryId", "sessionId", "replicaDirectoryId", "finalizedFeaturesEpoch", "clientHost", "rack", "records", "lastTimestamp", "currentTxnStartOffset"}

ONE_PARTITION = {"partitionIndex": 0}
BASES = {
    "Fetch": [{"replicaId": -1, "maxWaitMs": 0, "minBytes": 1, "maxBytes": 1 << 20, "sessionEpoch": -1, "topics": [{"topic": TOPIC, "topicId": "TOPIC", "partitions": [
        {"partition": 0, "fetchOffset": 0, "currentLeaderEpoch": -1, "lastFetchedEpoch": -1, "logStartOffset": -1, "partitionMaxBytes": 1 << 20}]}]}],
    "ListOffsets": [{"replicaId": -1, "topics": [{"name": TOPIC, "partitions": [{"partitionIndex": 0, "timestamp": -1, "currentLeaderEpoch": -1}]}]}],
    "Metadata": [{"topics": [{"name": TOPIC}], "allowAutoTopicCreation": False}],
    "OffsetCommit": [{"groupId": GROUP, "generationIdOrMemberEpoch": -1, "memberId": "", "retentionTimeMs": -1, "topics": [{"name": TOPIC, "topicId": "TOPIC", "partitions": [
        {"partitionIndex": 0, "committedOffset": 3, "committedLeaderEpoch": -1, "committedMetadata": "m"}]}]}],
    "OffsetFetch": [{"groupId": GROUP, "topics": [{"name": TOPIC, "partitionIndexes": [0, 1]}], "groups": [{"groupId": GROUP, "memberId": None, "memberEpoch": -1, "topics": [
        {"name": TOPIC, "topicId": "TOPIC", "partitionIndexes": [0, 1]}]}]}],
    "FindCoordinator": [{"key": GROUP, "keyType": 0, "coordinatorKeys": [GROUP]}],
    "JoinGroup": [{"groupId": "odd-join", "sessionTimeoutMs": 6000, "rebalanceTimeoutMs": 6000, "memberId": "nobody", "protocolType": "consumer", "protocols": [{"name": "range", "metadata": b"x"}]}],
    "Heartbeat": [{"groupId": GROUP, "generationId": 1, "memberId": "nobody"}],
    "LeaveGroup": [{"groupId": GROUP, "memberId": "nobody", "members": [{"memberId": "nobody"}]}],
    "SyncGroup": [{"groupId": GROUP, "generationId": 1, "memberId": "nobody", "protocolType": "consumer", "protocolName": "range", "assignments": [{"memberId": "nobody", "assignment": b"a"}]}],
    "DescribeGroups": [{"groups": [GROUP]}],
    "ListGroups": [{"statesFilter": ["Empty"], "typesFilter": ["classic"]}],
    "SaslHandshake": [{"mechanism": "PLAIN"}],
    "CreateTopics": [{"topics": [{"name": "NEW", "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": [{"name": "retention.ms", "value": "1000"}]}], "timeoutMs": 10000},
                     {"topics": [{"name": "NEW", "numPartitions": -1, "replicationFactor": -1, "assignments": [{"partitionIndex": 0, "brokerIds": [1]}], "configs": []}], "timeoutMs": 10000}],
    "DeleteTopics": [{"topics": [{"name": "nobody"}], "topicNames": ["nobody"], "timeoutMs": 10000}],
    "DeleteRecords": [{"topics": [{"name": OTHER, "partitions": [{"partitionIndex": 0, "offset": 0}]}], "timeoutMs": 10000}],
    "InitProducerId": [{"transactionalId": None, "transactionTimeoutMs": 60000, "producerId": -1, "producerEpoch": -1}],
    "OffsetForLeaderEpoch": [{"replicaId": -2, "topics": [{"topic": TOPIC, "partitions": [{"partition": 0, "currentLeaderEpoch": -1, "leaderEpoch": 0}]}]}],
    "DescribeAcls": [{"resourceTypeFilter": 2, "resourceNameFilter": TOPIC, "patternTypeFilter": 3, "principalFilter": None, "hostFilter": None, "operation": 1, "permissionType": 1}],
    "CreateAcls": [{"creations": [{"resourceType": 2, "resourceName": TOPIC, "resourcePatternType": 3, "principal": "User:a", "host": "*", "operation": 3, "permissionType": 3}]}],
    "DeleteAcls": [{"filters": [{"resourceTypeFilter": 2, "resourceNameFilter": TOPIC, "patternTypeFilter": 3, "principalFilter": None, "hostFilter": None, "operation": 1, "permissionType": 1}]}],
    "DescribeConfigs": [{"resources": [{"resourceType": 2, "resourceName": TOPIC, "configurationKeys": ["retention.ms"]}]}],
    "AlterConfigs": [{"resources": [{"resourceType": 2, "resourceName": OTHER, "configs": [{"name": "retention.ms", "value": "100000"}]}], "validateOnly": True}],
    "IncrementalAlterConfigs": [{"resources": [{"resourceType": 2, "resourceName": OTHER, "configs": [{"name": "retention.ms", "configOperation": 0, "value": "100000"}]}], "validateOnly": True}],
    "AlterReplicaLogDirs": [{"dirs": [{"path": "/nowhere", "topics": [{"name": TOPIC, "partitions": [0]}]}]}],
    "DescribeLogDirs": [{"topics": [{"topic": TOPIC, "partitions": [0]}]}],
    "CreatePartitions": [{"topics": [{"name": TOPIC, "count": 5, "assignments": None}], "timeoutMs": 10000, "validateOnly": True}, {"topics": [{"name": TOPIC, "count": 4, "assignments": [{"brokerIds": [1]}]}], "timeoutMs": 10000, "validateOnly": True}],
    "CreateDelegationToken": [{"ownerPrincipalType": "User", "ownerPrincipalName": "a", "renewers": [{"principalType": "User", "principalName": "b"}], "maxLifetimeMs": -1}],
    "RenewDelegationToken": [{"hmac": b"abc", "renewPeriodMs": 1000}],
    "ExpireDelegationToken": [{"hmac": b"abc", "expiryTimePeriodMs": 1000}],
    "DescribeDelegationToken": [{"owners": [{"principalType": "User", "principalName": "a"}]}],
    "DeleteGroups": [{"groupsNames": ["nobody"]}],
    "ElectLeaders": [{"electionType": 0, "topicPartitions": [{"topic": TOPIC, "partitions": [0]}], "timeoutMs": 10000}],
    "AlterPartitionReassignments": [{"timeoutMs": 10000, "topics": [{"name": TOPIC, "partitions": [{"partitionIndex": 0, "replicas": [1]}]}]}],
    "ListPartitionReassignments": [{"timeoutMs": 10000, "topics": [{"name": TOPIC, "partitionIndexes": [0]}]}],
    "OffsetDelete": [{"groupId": "odd-offsets", "topics": [{"name": TOPIC, "partitions": [{"partitionIndex": 0}]}]}],
    "DescribeClientQuotas": [{"components": [{"entityType": "user", "matchType": 0, "match": "a"}], "strict": False}],
    "AlterClientQuotas": [{"entries": [{"entity": [{"entityType": "user", "entityName": "a"}], "ops": [{"key": "producer_byte_rate", "value": 1000.0, "remove": False}]}], "validateOnly": True}],
    "DescribeUserScramCredentials": [{"users": [{"name": "nobody"}]}],
    "AlterUserScramCredentials": [{"deletions": [{"name": "nobody", "mechanism": 1}], "upsertions": []}, {"deletions": [], "upsertions": [{"name": "odd", "mechanism": 1, "iterations": 4096, "salt": b"salt", "saltedPassword": b"p" * 32}]}],
    "DescribeQuorum": [{"topics": [{"topicName": "__cluster_metadata", "partitions": [{"partitionIndex": 0}]}]}],
    "UpdateFeatures": [{"timeoutMs": 10000, "featureUpdates": [{"feature": "group.version", "maxVersionLevel": 1, "upgradeType": 1}], "validateOnly": True}],
    "DescribeCluster": [{"endpointType": 1}],
    "DescribeProducers": [{"topics": [{"name": TOPIC, "partitionIndexes": [0]}]}],
    "UnregisterBroker": [{"brokerId": 99}],
    "ListConfigResources": [{"resourceTypes": [2]}],
    "DescribeTopicPartitions": [{"topics": [{"name": TOPIC}], "responsePartitionLimit": 10}, {"topics": [{"name": TOPIC}, {"name": OTHER}], "responsePartitionLimit": 2, "cursor": {"topicName": TOPIC, "partitionIndex": 1}}],
}
# A change of these harms the broker under test, or waits for long.
LEFT_OUT = {("Fetch", "maxWaitMs"), ("UnregisterBroker", "brokerId"), ("AlterConfigs", "validateOnly"), ("IncrementalAlterConfigs", "validateOnly"), ("UpdateFeatures", "validateOnly"), ("UpdateFeatures", "dryRun"),
            ("CreatePartitions", "validateOnly"), ("AlterClientQuotas", "validateOnly"), ("JoinGroup", "sessionTimeoutMs"), ("DeleteTopics", "topics")}
# Times so short that the answer hangs on the machine, and answers that list all that there is.
UNSTABLE = re.compile(r"^(CreateTopics|DeleteTopics|CreatePartitions|ElectLeaders) .* timeoutMs [1-6]$|^(Metadata|DescribeLogDirs|ElectLeaders|DescribeTopicPartitions|ListConfigResources) .* "
                      r"(topics|topicPartitions|resourceTypes) (null|empty)$|^(Metadata 0|ListConfigResources) .*(topics empty|\[2\]|base 0|doubled)$|^Metadata [0-3] .*name 'nobody'$|^ListConfigResources 1 base 0")


def variants(field, value, version):
    kind = field["type"]
    nullable = schemas.within(field.get("nullableVersions"), version)
    if nullable:
        yield "null", None
    if kind.startswith("[]"):
        yield "empty", []
        if value:
            yield "doubled", [*value, copy.deepcopy(value[0])]
        if kind == "[]string":
            for text in ("", "nobody", TOPIC, "x" * 250):
                if field["name"] != "topicNames" or text != TOPIC:  # of DeleteTopics
                    yield f"[{text[:10]}]", [text]
        if kind == "[]int32":
            for number in (-1, 0, 1, 7, 2**31 - 1, -2**31):
                yield f"[{number}]", [number]
            yield "many", [0, 1, 2, 0]
        if kind == "[]int8":
            for number in (-1, 0, 1, 2, 4, 8, 16, 32, 127):
                yield f"[{number}]", [number]
    elif kind == "string":
        for text in ("", "nobody", TOPIC, "a b", "x" * 250, "__consumer_offsets", ".", "odd-ü"):
            yield f"'{text[:12]}'", text
    elif kind in ("int8", "int16", "int32", "int64"):
        top = 2 ** (8 * struct.calcsize(schemas.FIXED[kind]) - 1)
        for number in (-top, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 100, top - 1):
            if kind != "int8" or -128 <= number <= 127:
                yield str(number), number
        if kind == "int64":
            yield "T", T
            yield "T + 1", T + 1
    elif kind == "uint16":
        yield "0", 0
    elif kind == "bool":
        yield str(not value), not value
    elif kind == "uuid":
        yield "zero", "0" * 32
        yield "unknown", UNKNOWN_ID
        yield "topic", "TOPIC"
    elif kind in ("bytes", "records"):
        yield "empty", b""
        yield "ff", b"\xff" * 9
    elif kind == "float64":
        for number in (0.0, -1.0, 0.5, 1e300, float("nan"), float("inf")):
            yield str(number), number


def places(schema, fields, values, version, path=()):
    """Path, field and present value of each field that the version has."""
    for field in fields:
        if not schemas.within(field["versions"], version):
            continue
        value = values.get(field["name"], schemas.default(field))
        here = (*path, field["name"])
        yield here, field, value
        inner = schemas.members(schema, field)
        if inner and value:
            if isinstance(value, list):
                yield from places(schema, inner, value[0], version, (*here, 0))
            else:
                yield from places(schema, inner, value, version, here)


def changed(values, path, value):
    values = copy.deepcopy(values)
    at = values
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return values


def cases(only=None):
    """Name, API, version and values."""
    for name, bases in BASES.items():
        if only and name != only:
            continue
        schema = schemas.message(f"{name}Request")
        low, high = SERVED[name]
        for version in range(low, high + 1):
            for number, base in enumerate(bases):
                if UNSTABLE.search(f"{name} {version} base {number}"):
                    continue
                yield f"{name} {version} base {number}", name, version, base
                for path, field, value in places(schema, schema["fields"], base, version):
                    if (name, path[0]) in LEFT_OUT and len(path) == 1:
                        continue
                    for what, odd in variants(field, value, version):
                        if UNSTABLE.search(f"{name} {version} base {number} {'.'.join(map(str, path))} {what}"):
                            continue
                        yield f"{name} {version} base {number} {'.'.join(map(str, path))} {what}", name, version, changed(base, path, odd)


SERVED = {name: (low, high) for name, (low, high) in {
    "Fetch": (4, 18), "ListOffsets": (1, 11), "Metadata": (0, 13), "OffsetCommit": (2, 10), "OffsetFetch": (1, 10), "FindCoordinator": (0, 6), "JoinGroup": (0, 9), "Heartbeat": (0, 4),
    "LeaveGroup": (0, 5), "SyncGroup": (0, 5), "DescribeGroups": (0, 6), "ListGroups": (0, 5), "SaslHandshake": (0, 1), "CreateTopics": (2, 7), "DeleteTopics": (1, 6), "DeleteRecords": (0, 2),
    "InitProducerId": (0, 5), "OffsetForLeaderEpoch": (2, 4), "DescribeAcls": (1, 3), "CreateAcls": (1, 3), "DeleteAcls": (1, 3), "DescribeConfigs": (1, 4), "AlterConfigs": (0, 2),
    "AlterReplicaLogDirs": (1, 2), "DescribeLogDirs": (1, 5), "CreatePartitions": (0, 3), "CreateDelegationToken": (1, 3), "RenewDelegationToken": (1, 2), "ExpireDelegationToken": (1, 2),
    "DescribeDelegationToken": (1, 3), "DeleteGroups": (0, 3), "ElectLeaders": (0, 2), "IncrementalAlterConfigs": (0, 1), "AlterPartitionReassignments": (0, 1), "ListPartitionReassignments": (0, 0),
    "OffsetDelete": (0, 0), "DescribeClientQuotas": (0, 1), "AlterClientQuotas": (0, 1), "DescribeUserScramCredentials": (0, 0), "AlterUserScramCredentials": (0, 0), "DescribeQuorum": (0, 2),
    "UpdateFeatures": (0, 2), "DescribeCluster": (0, 2), "DescribeProducers": (0, 0), "UnregisterBroker": (0, 0), "ListConfigResources": (0, 1), "DescribeTopicPartitions": (0, 0)}.items()}


class Node:
    """One broker: a connection that is made anew where it was closed, and the ids of its topics."""

    def __init__(self, port):
        self.port, self.socket, self.ids = port, None, {}

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionResetError
            data += more
        return data

    def ask(self, name, version, values):
        """The answer's fields, or `closed` or `silent`."""
        frame = schemas.request(name, version, self.filled(values))
        if self.socket is None:
            self.socket = socket.create_connection(("localhost", self.port), SILENCE_SECONDS)
        try:
            self.socket.sendall(frame)
            return schemas.response(name, version, self.read(struct.unpack(">i", self.read(4))[0]))
        except ConnectionError:
            self.close()
            return "closed"
        except (socket.timeout, TimeoutError):
            self.close()
            return "silent"
        except ValueError as error:
            self.close()
            return f"unreadable: {error}"

    def filled(self, value):
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return self.ids[TOPIC] if value == "TOPIC" else value

    def prepare(self):
        self.ask("CreateTopics", 5, {"topics": [{"name": name, "numPartitions": 3, "replicationFactor": 1} for name in (TOPIC, OTHER)], "timeoutMs": 10000})
        for _ in range(300):
            told = self.ask("Metadata", 12, {"topics": [{"name": TOPIC}, {"name": OTHER}], "allowAutoTopicCreation": False})
            if all(topic["errorCode"] == 0 and topic["partitions"] for topic in told["topics"]) and self.ask("InitProducerId", 1, BASES["InitProducerId"][0])["errorCode"] == 0:
                break
            time.sleep(0.1)
        self.ids = {topic["name"]: topic["topicId"] for topic in told["topics"]}
        rows = [(b"k%d" % i, b"v%d" % i, T + i * 1000) for i in range(5)]
        for topic in (TOPIC, OTHER):
            for _ in range(300):
                told = self.ask("ListOffsets", 1, {"replicaId": -1, "topics": [{"name": topic, "partitions": [{"partitionIndex": 0, "timestamp": -1}]}]})["topics"][0]["partitions"][0]
                if told["errorCode"] == 0 and told["offset"] > 0:
                    break
                self.ask("Produce", 8, {"acks": -1, "timeoutMs": 10000, "topicData": [{"name": topic, "partitionData": [{"index": 0, "records": batch(rows, base_timestamp=T)}]}]})
        for _ in range(300):
            told = self.ask("FindCoordinator", 3, {"key": GROUP, "keyType": 0})
            if told["errorCode"] == 0 and self.ask("OffsetCommit", 7, {**BASES["OffsetCommit"][0]})["topics"][0]["partitions"][0]["errorCode"] == 0:
                break
            time.sleep(0.1)

    def settle(self, topic):
        """Waits until the broker has done what the controller decided so far: Kafka answers before it has, and on a busy machine long before."""
        self.ask("CreateTopics", 5, {"topics": [{"name": topic, "numPartitions": 1, "replicationFactor": 1}], "timeoutMs": 10000})
        for _ in range(600):
            told = self.ask("DeleteRecords", 2, {"topics": [{"name": topic, "partitions": [{"partitionIndex": 0, "offset": 0}]}], "timeoutMs": 10000})
            if isinstance(told, dict) and told["topics"][0]["partitions"][0]["errorCode"] == 0:
                return
            time.sleep(0.1)

    def plain(self, value, key=""):
        """An answer in an order of its own, without what hangs on the broker."""
        if isinstance(value, dict):
            return {name: ("…" if (name in MASKED or (name in ("leaderEpoch", "highWatermark") and "currentVoters" in value)) and one not in (None, -1, "", 0, "0" * 32) else self.plain(one, name)) for name, one in value.items()}
        if isinstance(value, list):
            return sorted((self.plain(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True, default=str))
        if isinstance(value, str):
            return value if key != "topicId" or value in ("0" * 32, UNKNOWN_ID) else "a topic's"
        return value


def ask_all(node, found, only):
    node.prepare()
    before = None
    for number, (label, name, version, values) in enumerate(cases(only)):
        if name != before and before in ("CreateTopics", "DeleteTopics"):
            node.settle(f"behind-{before}")
        before = name
        if name == "CreateTopics":
            text = json.dumps(values, default=lambda raw: raw.decode("latin1")).replace('"NEW"', f'"new-{number}"')
            values = json.loads(text)
        found[label] = node.plain(node.ask(name, version, values))
    node.close()


def difference(kafka, ours, path=""):
    """Where two answers part."""
    if isinstance(kafka, dict) and isinstance(ours, dict):
        for key in kafka.keys() | ours.keys():
            if kafka.get(key, "absent") != ours.get(key, "absent"):
                return difference(kafka.get(key, "absent"), ours.get(key, "absent"), f"{path}.{key}")
    if isinstance(kafka, list) and isinstance(ours, list) and len(kafka) == len(ours):
        for a, b in zip(kafka, ours):
            if a != b:
                return difference(a, b, f"{path}[]")
    return f"{path}: kafka {str(kafka)[:150]} | ours {str(ours)[:150]}"


# What differs on purpose; docs/differences.md says why.
EXPECTED = re.compile("|".join((
    r"^FindCoordinator .*keyType [12]$", r"^InitProducerId .*transactionalId '", r"^AlterConfigs .*resources doubled$", r"^DescribeConfigs .*resourceType ", r"^Fetch .*sessionId -?21474836",
    r"^DescribeTopicPartitions .*cursor.partitionIndex 2147483647$")))


def compare(ports, only=None, verbose=False, asked=None):
    """Has both brokers asked, at the same time, and prints what differs, by kinds. Returns the number of requests and of differences."""
    found = [{}, {}]
    asked = asked or (lambda node, one: ask_all(node, one, only))
    threads = [threading.Thread(target=asked, args=(Node(port), one)) for port, one in zip(ports, found)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = collections.defaultdict(list)
    for label, told in found[0].items():
        other = found[1].get(label, "not asked")
        if told != other and not EXPECTED.search(label):
            kinds[(label.split()[0], difference(told, other))].append(label)
    for (_, what), labels in kinds.items():
        if verbose:
            print(f"    kafka {found[0][labels[0]]}\n    ours  {found[1].get(labels[0])}")
        print(f"{labels[0]}{f' and {len(labels) - 1} more, to {labels[-1]}' if len(labels) > 1 else ''}\n    {what}")
    print(f"{len(found[0])} requests, {sum(map(len, kinds.values()))} differ, of {len(kinds)} kinds")
    return len(found[0]), sum(map(len, kinds.values()))


def run(folder, names, options):
    """The part of run.py, special_values.py with it."""
    import special_values  # which needs this module
    if len(names) < 2:
        return 0, 0
    running = [brokers.BROKERS[name](folder / name).start() for name in names]
    try:
        ports = [broker.port for broker in running]
        asked, differ = map(sum, zip(compare(ports, verbose=options.verbose), compare(ports, asked=special_values.ask_all)))
    finally:
        for broker in running:
            broker.kill()
    print(f"{'FAILED' if differ else 'passed'}  odd: {asked} requests to each broker")
    return asked - differ, differ


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kafka", type=int)
    parser.add_argument("ours", type=int)
    parser.add_argument("--only")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    sys.exit(1 if compare((given.kafka, given.ours), given.only, given.verbose)[1] else 0)
