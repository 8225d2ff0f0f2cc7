#!/usr/bin/python3
"""Asks both brokers for what records may lack: every special value of ListOffsets, OffsetForLeaderEpoch, OffsetCommit, DeleteRecords and Fetch, in every version, of partitions that are
empty, without timestamps, cut, of a single record, stamped by the broker, compressed; and compares the answers.
usage: special_values.py KAFKA_PORT OUR_PORT       or as a part of run.py"""

import sys
import time

import odd_values
from odd_values import T
from record_batches import CODECS, LOG_APPEND_TIME, batch

BEHIND = 2**63 - 1
TIMES = [*range(-9, 0), 0, 1, T - 1, T, T + 1, T + 5, T + 6, T + 9, T + 10, T + 11, T + 1000, BEHIND, -BEHIND - 1]
STAMP_SLACK_MS = 86_400_000


def timed(*times):
    """Rows of records at these times; None is a record without one."""
    return [(b"k%d" % i, b"v%d" % i, -1 if at is None else at) for i, at in enumerate(times)]


def sent(*times, codec=0, **options):
    first = next((at for at in times if at is not None), -1)
    base = -1 if any(at is None for at in times) and first == -1 else first
    return batch(timed(*times), codec, base_timestamp=base, **options)


# Name: settings of the topic, batches, what is deleted of it (None: nothing).
KINDS = {
    "empty": ((), [], None), "single": ((), [sent(T)], None), "single-timeless": ((), [sent(None)], None), "timeless": ((), [sent(None, None, None), sent(None)], None),
    "timeless-first": ((), [sent(None, None), sent(T, T + 5)], None), "timeless-last": ((), [sent(T, T + 5), sent(None, None)], None), "timeless-within": ((), [sent(T, None, T + 5)], None),
    "time-0": ((), [sent(0, 0), sent(1)], None), "in-order": ((), [sent(T, T + 5), sent(T + 6, T + 9)], None), "backwards": ((), [sent(T + 9, T + 6), sent(T + 5, T)], None),
    "equal": ((), [sent(T, T), sent(T, T)], None), "largest-first": ((), [sent(T + 10, T), sent(T + 5)], None), "largest-within": ((), [sent(T, T + 10, T + 5)], None),
    "cut": ((), [sent(T, T + 5), sent(T + 6, T + 9)], 2), "cut-within": ((), [sent(T, T + 5, T + 6), sent(T + 9)], 1), "cut-largest": ((), [sent(T + 10, T), sent(T + 5, T + 6)], 2),
    "cut-whole": ((), [sent(T, T + 5)], -1), "cut-timeless": ((), [sent(None, None), sent(None)], 1), "cut-at-0": ((), [sent(T)], 0),
    "stamped": ((("message.timestamp.type", "LogAppendTime"),), [sent(T, T + 5), sent(None)], None),
    "stamped-cut": ((("message.timestamp.type", "LogAppendTime"),), [sent(T, T + 5), sent(T)], 1),
    "stamped-gzip": ((("message.timestamp.type", "LogAppendTime"),), [sent(T, T + 5, codec=1)], None),
    **{f"codec-{name}": ((), [sent(T, T + 10, T + 5, codec=codec), sent(T + 6, None, codec=codec)], None) for name, codec in CODECS.items()},
    **{f"codec-{name}-cut": ((), [sent(T + 10, T, T + 5, codec=codec), sent(T + 6, codec=codec)], 2) for name, codec in CODECS.items()},
    **{f"to-{name}": ((("compression.type", name),), [sent(T, T + 10, T + 5), sent(None, T + 1)], None) for name in ("gzip", "uncompressed")},
    "says-largest-less": ((), [sent(T, T + 10, max_timestamp=T)], None), "says-largest-more": ((), [sent(T, T + 5, codec=1, max_timestamp=T + 100)], None),
}


def stamped(value):
    """A broker's own time is not the other's."""
    if isinstance(value, dict):
        return {key: "now" if key == "timestamp" and abs(one - time.time() * 1000) < STAMP_SLACK_MS and not T - 1 <= one <= T + 1000 else stamped(one) for key, one in value.items()}
    return [stamped(one) for one in value] if isinstance(value, list) else value


class Asker:
    def __init__(self, node, found):
        self.node, self.found = node, found

    def told(self, label, name, version, values):
        answer = self.node.ask(name, version, values)
        self.found[label] = stamped(self.node.plain(answer))
        return answer

    def create(self, topic, configs, batches, cut):
        self.node.ask("CreateTopics", 5, {"topics": [{"name": topic, "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": k, "value": v} for k, v in configs]}], "timeoutMs": 20000})
        for data in batches:
            for _ in range(300):
                answer = self.node.ask("Produce", 8, {"acks": -1, "timeoutMs": 10000, "topicData": [{"name": topic, "partitionData": [{"index": 0, "records": data}]}]})
                if answer["responses"][0]["partitionResponses"][0]["errorCode"] not in (3, 5, 6):
                    break
                time.sleep(0.05)
            time.sleep(0.005)  # the broker stamps the next batch with a later time
        for _ in range(300):
            if self.node.ask("ListOffsets", 1, self.offsets(topic, -1))["topics"][0]["partitions"][0]["errorCode"] == 0:
                break
            time.sleep(0.05)
        if cut is not None:
            self.told(f"{topic} DeleteRecords 2 to {cut}", "DeleteRecords", 2, self.deletion(topic, cut))

    @staticmethod
    def offsets(topic, at, isolation=0, epoch=-1):
        return {"replicaId": -1, "isolationLevel": isolation, "topics": [{"name": topic, "partitions": [{"partitionIndex": 0, "timestamp": at, "currentLeaderEpoch": epoch}]}]}

    @staticmethod
    def deletion(topic, offset):
        return {"timeoutMs": 10000, "topics": [{"name": topic, "partitions": [{"partitionIndex": 0, "offset": offset}]}]}

    def questions(self, kind):
        topic = f"special-{kind}"
        configs, batches, cut = KINDS[kind]
        self.create(topic, configs, batches, cut)
        for version in range(1, 12):
            for at in TIMES:
                for isolation in ((0, 1, 2) if version >= 2 else (0,)):
                    self.told(f"{topic} ListOffsets {version} at {f'T{at - T:+}' if abs(at - T) < 5000 else at}, isolation {isolation}", "ListOffsets", version, self.offsets(topic, at, isolation))
            for epoch in (-2, 0, 1) if version >= 4 else ():
                self.told(f"{topic} ListOffsets {version} in epoch {epoch}", "ListOffsets", version, self.offsets(topic, -1, 0, epoch))
        for version in range(2, 5):
            for epoch in (-2, -1, 0, 1, 2**31 - 1):
                for current in (-2, -1, 0, 1):
                    self.told(f"{topic} OffsetForLeaderEpoch {version} of {epoch} in {current}", "OffsetForLeaderEpoch", version,
                              {"replicaId": -2, "topics": [{"topic": topic, "partitions": [{"partition": 0, "currentLeaderEpoch": current, "leaderEpoch": epoch}]}]})
        for offset in (-2**63, -2, -1, 0, 1, 2, 3, 4, 5, BEHIND):
            self.told(f"{topic} Fetch 12 at {offset}", "Fetch", 12, {"replicaId": -1, "maxWaitMs": 0, "minBytes": 1, "maxBytes": 1 << 20, "sessionEpoch": -1, "topics": [{"topic": topic, "partitions": [
                {"partition": 0, "fetchOffset": offset, "currentLeaderEpoch": -1, "lastFetchedEpoch": -1, "logStartOffset": -1, "partitionMaxBytes": 1 << 20}]}]})
            for version in (2, 5, 6, 9):
                commit = {"groupId": "special", "generationIdOrMemberEpoch": -1, "memberId": "", "topics": [{"name": topic, "partitions": [
                    {"partitionIndex": 0, "committedOffset": offset, "committedLeaderEpoch": -1 if version < 6 else offset % 3 - 1, "committedMetadata": None if offset % 2 else ""}]}]}
                self.told(f"{topic} OffsetCommit {version} of {offset}", "OffsetCommit", version, commit)
                self.told(f"{topic} OffsetFetch 7 after {offset} by {version}", "OffsetFetch", 7, {"groupId": "special", "topics": [{"name": topic, "partitionIndexes": [0]}]})
        for offset in (-2**63, -2, BEHIND, 100, 0, 1, 3, 2, -1, -1, 0):
            for version in range(0, 3):
                self.told(f"{topic} DeleteRecords {version} up to {offset}", "DeleteRecords", version, self.deletion(topic, offset))
            for at in (-1, -2, -3, -4, 0, T):
                self.told(f"{topic} ListOffsets 8 at {at if at != T else 'T'} after DeleteRecords up to {offset}", "ListOffsets", 8, self.offsets(topic, at))


def ask_all(node, found):
    node.prepare()
    for kind in KINDS:
        Asker(node, found).questions(kind)
    node.close()


if __name__ == "__main__":
    sys.exit(1 if odd_values.compare(list(map(int, sys.argv[1:3])), asked=ask_all)[1] else 0)
