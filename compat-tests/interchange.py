"""A data directory moves between Apache Kafka and our broker while stopped, in both directions and after a kill: topics, records, groups and offsets
are the same to a client, and kafka-dump-log reads every file that we wrote without a complaint."""

import os
import pathlib
import re
import subprocess
import sys

from brokers import ApacheKafka, KafkaCompat, kafka_tool

HERE = pathlib.Path(__file__).resolve().parent
COMPLAINT = re.compile(r"mismatch|corrupt|invalid|exception|non-consecutive|not found|sanity|failed", re.IGNORECASE)


def client(broker, *arguments):
    """Runs interchange_client.py, which needs kafka-python, in a process of its own; returns what it printed."""
    run = subprocess.run(["/usr/bin/python3", str(HERE / "interchange_client.py"), *arguments], capture_output=True, text=True, timeout=120, env={**os.environ, "BOOTSTRAP": broker.bootstrap})
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} on {broker.name}: {run.stderr[-2500:]}")
    return run.stdout.splitlines()


def asked(broker):
    """What a client sees: topics with ids and configs, every record, every group's offsets."""
    code, out, error = kafka_tool("kafka-topics", "--bootstrap-server", broker.bootstrap, "--describe")
    if code != 0:
        raise RuntimeError(f"kafka-topics --describe on {broker.name}: {out}{error}")
    lines = [re.sub(r"(?<=Configs: )\S+", lambda configs: ",".join(sorted(configs[0].split(","))), line) for line in out.splitlines()]
    described = sorted(re.sub(r"\s+", " ", re.sub(r"LeaderEpoch: \d+", "", line)).strip() for line in lines if line.strip())
    return described + client(broker, "ask")


def dump_complaints(data):
    """What kafka-dump-log says against the files of a stopped node."""
    complaints = []
    decoders = {"__cluster_metadata-0": ["--cluster-metadata-decoder"], "__consumer_offsets": ["--offsets-decoder"]}
    groups = {}
    for file in sorted(data.rglob("*")):
        # A deleted partition's folder stays for a minute as Kafka left it, indexes full of zeros that its own tool cannot read.
        if file.parent.name.endswith("-delete"):
            continue
        if file.suffix in (".log", ".index", ".timeindex", ".snapshot", ".txnindex") and (file.stat().st_size or file.suffix == ".log"):
            decoder = next((tuple(d) for name, d in decoders.items() if file.parent.name.startswith(name)), ())
            groups.setdefault(() if file.suffix != ".log" else decoder, []).append(str(file))
    for decoder, files in groups.items():
        code, out, error = kafka_tool("kafka-dump-log", *decoder, "--files", ",".join(files))
        complaints += [line for line in (out + error).splitlines() if COMPLAINT.search(line)]
        if code != 0:
            complaints.append(f"kafka-dump-log ended with {code}: {error[-500:]}")
    return complaints


def differences(before, after):
    return [f"- {line}" for line in before if line not in after] + [f"+ {line}" for line in after if line not in before]


def move(folder, order, kill):
    """Starts the brokers in turn on one directory; each adds to it and must show what the one before showed. Returns complaints."""
    complaints, before, previous = [], None, None
    for step, kind in enumerate(order):
        broker = kind(folder, like=previous)
        try:
            broker.start()
            if before is not None:
                complaints += [f"{previous.name} → {broker.name}: {line}" for line in differences(before, asked(broker))]
            client(broker, "add", str(step))
            before = asked(broker)
            if kill:
                broker.kill()
            else:
                broker.stop()
        finally:
            broker.kill()
        if kind is KafkaCompat and not kill:
            complaints += [f"dump of {broker.name}'s files: {line}" for line in dump_complaints(broker.data)]
        previous = broker
    return complaints


def run(folder, names, _):
    """The part `interchange` of run.py: returns passed and failed counts."""
    kinds = {"kafka": ApacheKafka, "ours": KafkaCompat}
    orders = {
        "ours, kafka, ours": (["ours", "kafka", "ours"], False),
        "kafka, ours, kafka": (["kafka", "ours", "kafka"], False),
        "killed: ours, kafka, ours": (["ours", "kafka", "ours"], True),
        "killed: kafka, ours, kafka": (["kafka", "ours", "kafka"], True),
    }
    if len(names) == 1:
        orders = {f"{name} alone": ([name, name], False) for name in names}
    passed = failed = 0
    for title, (order, kill) in orders.items():
        try:
            complaints = move(folder / re.sub(r"\W+", "-", title), [kinds[name] for name in order], kill)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            complaints = [str(error)]
        if complaints:
            failed += 1
            print(f"FAILED  interchange {title}", flush=True)
            for line in complaints[:40]:
                print(f"  {line[:1500]}")
        else:
            passed += 1
            print(f"passed  interchange {title}", flush=True)
    return passed, failed


if __name__ == "__main__":
    sys.exit("run.py --only interchange runs this")
