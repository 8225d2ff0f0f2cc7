"""kafkacompat format beside kafka-storage format: the same options give the same files, byte for byte but for their times, and each broker opens what the other's tool formatted."""

import os
import pathlib
import struct
import subprocess

import brokers

DIRECTORY = "JEXY6aqzQY-32P5TStzaFg"
SNAPSHOT = "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"
SECONDS = 90

# Options of both tools; {port} is the controller's. The last ones both tools refuse.
CASES = [
    ["-t", "abc"],
    ["-t", "MkU3OEVBNTcwNTJENDM2Qk", "-r", "3.5"],
    ["-t", "abc", "-r", "4.2", "-f", "group.version=0"],
    ["-t", "abc", "-r", "4.4-IV0", "--feature", "kraft.version=1"],
    ["-t", "abc", "-r", "4.0.1"],
    ["-t", "abc", "-f", "metadata.version=25"],
    ["-t", "abc", "-S", 'SCRAM-SHA-256=[name=alice,password=secret,iterations=8192,salt="N3E="]', "-S", 'SCRAM-SHA-512=[name=bob,iterations=8192,salt="N3E=",saltedpassword="YCE="]'],
    ["-t", "abc", "-f", "foo=1"],
    ["-t", "abc", "-r", "4.9"],
    ["-t", "abc", "-f", "group.version=9"],
    ["-t", "abc", "-f", "kraft.version=0"],
    ["-t", "abc", "-S", "SCRAM-SHA-256=[name=alice]"],
]


def ours(*arguments):
    program = os.environ.get("KAFKACOMPAT")
    return subprocess.run([*([program] if program else ["dotnet", str(brokers.PROGRAM)]), "format", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)


def content(folder):
    """The files of a formatted directory without their times, and without the empty lock file that ours takes and a broker of either leaves."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"):
        name = str(file.relative_to(folder))
        found[name] = batches(file.read_bytes()) if name == SNAPSHOT else sorted(line for line in file.read_text().splitlines() if line[:1] != "#")
    return found


def batches(data):
    """Record batches without checksums and times; the first one's record holds a time too, of eight bytes behind its version."""
    found, at = [], 0
    while at < len(data):
        batch = bytearray(data[at:at + 12 + struct.unpack_from(">i", data, at + 8)[0]])
        at += len(batch)
        batch[17:21] = bytes(4)
        batch[27:43] = bytes(16)
        if not found:
            batch[73:81] = bytes(8)
        found.append(bytes(batch))
    return found


def compare(folder, number, options):
    """Formats with both tools; returns what differs, or nothing."""
    left, right = brokers.ApacheKafka(folder / f"{number}-kafka"), brokers.KafkaCompat(folder / f"{number}-ours")
    controller = ["-I", f"1@localhost:{left.controller_port}:{DIRECTORY}"]
    right.controller_port = left.controller_port
    right.properties.write_text(left.properties.read_text().replace(str(left.folder), str(right.folder)))
    code, out, error = brokers.kafka_tool("kafka-storage", "format", "-c", str(left.properties), *controller, *options)
    run = ours("-c", str(right.properties), *controller, *options)
    if (code == 0) != (run.returncode == 0):
        return f"kafka-storage ends with {code}: {out}{error}\nkafkacompat with {run.returncode}: {run.stdout}{run.stderr}"
    if run.returncode != 0:
        return None if len(run.stderr.splitlines()) == 1 and not right.data.exists() else f"refused with {run.stderr}"
    kafka, here = content(left.data), content(right.data)
    return None if kafka == here else f"kafka-storage: {kafka}\nkafkacompat:   {here}"


def opened(folder, formatter, opener):
    """Has one broker start on what the other's tool formatted; returns what went wrong, or nothing."""
    broker = brokers.BROKERS[opener](folder / f"{formatter}-to-{opener}")
    node = broker.properties.read_text()
    if formatter == "ours":
        run = ours("-c", str(broker.properties), "-t", "my-cluster", "-s")
        if run.returncode:
            return run.stderr
    else:
        code, out, error = brokers.kafka_tool("kafka-storage", "format", "-c", str(broker.properties), "-t", "my-cluster", "-s")
        if code:
            return out + error
    try:
        broker.start()
        code = broker.stop()
    except RuntimeError as error:
        return str(error)
    meta = (pathlib.Path(broker.data) / "meta.properties").read_text()
    return None if code in (0, 143) and "cluster.id=my-cluster" in meta else f"exit code {code}, {node}, {meta}"


def run(folder, names, options):
    if "ours" not in names or "kafka" not in names:
        return 0, 0
    passed = failed = 0
    for what, problem in [
        *((" ".join(case), compare(folder, number, case)) for number, case in enumerate(CASES)),
        *((f"formatted by {formatter}, opened by {opener}", opened(folder, formatter, opener)) for formatter, opener in (("ours", "kafka"), ("kafka", "ours"))),
    ]:
        passed, failed = passed + (not problem), failed + bool(problem)
        print(f"FAILED  format       {what}: {problem}" if problem else f"passed  format       {what}", flush=True)
    return passed, failed
