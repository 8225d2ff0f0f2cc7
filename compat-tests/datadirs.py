"""The programs behind the reference's check.sh over our broker: a directory is opened, everything a client can see is asked, and the answers are
compared with Kafka's, for directories that Kafka left and for directories that our broker left. Questions whose API our broker does not advertise
are left out on both sides, and named. The programs are compiled from a copy of their sources with the changes below."""

import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tarfile
import threading
import time

import brokers
import interchange

HERE = pathlib.Path(__file__).resolve().parent
DATADIRS = brokers.KAFKA_HOME / "datadirs"
# Where broker and controller listen in every archive, and so in the answers that Kafka gave.
ARCHIVE_PORTS = (29092, 29093)
CHECK_SECONDS = 300  # one directory, opened and asked by one broker
WORKERS = 2

# The places where Answers asks, and where Node would wait a minute for the answer of a broker that ended after it bound its port. Each must be found,
# so that a change of the reference cannot pass unseen.
PATCHES = [
    ("Node.java", "try (Admin admin = admin()) {", "try (Asked.Closing admin = new Asked.Closing(admin())) {"),
    ("Node.java", "if (admin.describeCluster().nodes().get(20, TimeUnit.SECONDS).stream()", "if (Asked.nodes(admin.of(), process).stream()"),
    ("Answers.java", "if (((ListTransactionsResponseData) wire.call(", "if (Asked.has(ApiKeys.LIST_TRANSACTIONS) && ((ListTransactionsResponseData) wire.call("),
    ("Answers.java", "        short version = Wire.version(api);\n        ApiMessage response", "        if (!Asked.has(api)) return Asked.recorded(api);\n        short version = Wire.version(api);\n        ApiMessage response"),
]

# More nodes than one.
NOT_SERVED = {"three-nodes": "more nodes than one are not served yet"}

# Directories that need a setting of their own here: (settings, reason, names of configs that therefore differ, questions that therefore are not compared).
OVERRIDES = {
    "metadata": (
        ["listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controller}", "advertised.listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controller}", "authorizer.class.name="],
        "opened without its SASL listener and its authorizer, which are not served yet",
        ("listeners", "advertised.listeners", "authorizer.class.name"),
        ("DescribeAcls",),
    ),
}

# Damage over which the reference's README lets a broker serve more than Kafka: all that Kafka serves of such a partition, and records behind it.
SERVES_MORE = {
    "clean-damaged": ("last batch cut in its header", ".index of the active segment filled with noise"),
    "unclean-damaged": (".index of the first segment filled with noise",),
}

# Damage over which Kafka does not find a partition's largest timestamp although the record is there.
FINDS_MORE = {"clean-damaged": (".timeindex of the active segment filled with noise",)}

# Damage that leaves bytes behind the last batch of the log, torn or that batch once more: Kafka counts them in the partition's size, though nobody reads
# them.
COUNTS_MORE = {
    "clean-damaged": ("last batch cut in its records", "last batch cut in its offset and length", "last batch twice"),
    "unclean-damaged": ("last batch twice",),
}

# Damage of an index or a batch on whose word Kafka answers a search by time wrongly or hands out aborted records; ours says CORRUPT_MESSAGE or compares with the log. The
# records of such a partition are compared, but for whether they are committed, and nothing else is. tests/Storage/DataDirectories holds the searches to a full scan.
LOOKS_CLOSER = {
    "clean-damaged": (".index of the first segment filled with noise", ".timeindex of the first segment filled with noise", "a byte of the last batch's records changed"),
    "unclean-damaged": (".timeindex of the first segment filled with noise",),
}

# Kafka makes empty logs in place of lost ones in the order of a hash table, and each goes where the fewest are: which one goes where is chance.
PLACED_ANEW = {"two-dirs-lost"}

# Kafka's transaction coordinator writes on while it opens these: markers of decided transactions, ids that expire. Ours does not serve transactions,
# so of a partition that Kafka wrote on everything is compared up to there, but for what the markers decide.
COORDINATOR_WRITES = {"transactions-crashed", "transactions-expiring"}


class Programs:
    """The reference's programs, compiled into a folder, and how to run one."""

    def __init__(self, folder, apis):
        self.folder, self.apis = folder, apis
        sources, self.classes = folder / "sources", folder / "classes"
        sources.mkdir(parents=True)
        self.classes.mkdir()
        for source in [*(DATADIRS / "make").glob("*.java"), *(HERE / "datadirs").glob("*.java")]:
            text = source.read_text()
            for name, old, new in PATCHES:
                if source.name != name:
                    continue
                if text.count(old) != 1:
                    raise RuntimeError(f"{source} has {text.count(old)} places like {old!r}, not one: datadirs.py has to follow it")
                text = text.replace(old, new)
            (sources / source.name).write_text(text)
        jars = [*(brokers.KAFKA_HOME / "broker").glob("*.jar"), *(brokers.KAFKA_HOME / "tools").glob("kafka-tools-*.jar")]
        # A Java runtime holds the compiler too, without its launcher.
        compiled = subprocess.run(
            [self.java(), "-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-d", str(self.classes), "-cp", ":".join(map(str, jars)), *map(str, sources.glob("*.java"))],
            capture_output=True, text=True)
        if compiled.returncode != 0:
            raise RuntimeError(f"the reference's programs do not compile: {compiled.stderr[-2000:]}")

    @staticmethod
    def java():
        home = os.environ.get("JAVA_HOME")
        return f"{home}/bin/java" if home else os.environ.get("JAVA", "java")

    def run(self, program, *arguments, options=()):
        """Returns exit code and output."""
        run = subprocess.run(
            [self.java(), "-XX:TieredStopAtLevel=1", "-Xmx512m", f"-Dkafka.runner={brokers.KAFKA_HOME}/kafka", f"-Dlog4j2.configurationFile={brokers.KAFKA_HOME}/log4j2.yaml", *options,
             "-cp", f"{self.classes}:{brokers.KAFKA_HOME}/broker/*", program, *map(str, arguments)],
            capture_output=True, text=True, timeout=CHECK_SECONDS, env={**os.environ, "KAFKA_LOG_LEVEL": "ERROR"})
        return run.returncode, run.stdout + run.stderr


def advertised(folder):
    """Asks a broker of ours which APIs it serves: {key: (oldest, newest)}."""
    broker = brokers.KafkaCompat(folder)
    broker.start()
    try:
        request = struct.pack(">hhih", 18, 0, 1, -1)
        with socket.create_connection(("localhost", broker.port), timeout=10) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            stream = connection.makefile("rb")
            answer = stream.read(struct.unpack(">i", stream.read(4))[0])
    finally:
        broker.stop()
    count = struct.unpack(">i", answer[6:10])[0]
    return {key: versions for key, *versions in (struct.unpack(">hhh", answer[10 + 6 * i:16 + 6 * i]) for i in range(count))}


class Check:
    """One directory: opened by a broker, asked, compared. `root` holds server.properties and the data directories."""

    def __init__(self, programs, folder, name):
        self.programs, self.folder, self.name = programs, folder, name
        self.ports = brokers.free_ports(2)
        self.notes = []

    def open(self, root, kind, out, recorded=None):
        """Has Expect open `root` with a broker and write what it sees to `out`. Returns a complaint or None."""
        about = root / "about.properties"
        lines = about.read_text().splitlines() if about.exists() else [f"name={self.name}"]
        # Tokens are asked for by a log-in; what our broker loads is there at once, without background tasks to wait for.
        drop = ("sasl.", "quiet.ms") if kind is brokers.KafkaCompat else ("sasl.",)
        lines = [line for line in lines if not line.startswith(drop)] + (["quiet.ms=500"] if kind is brokers.KafkaCompat else [])
        about.write_text("\n".join(lines) + "\n")
        properties = root / "server.properties"
        text = properties.read_text()
        for theirs, ours in zip(ARCHIVE_PORTS, self.ports):
            text = text.replace(f":{theirs}", f":{ours}")
        properties.write_text(text)
        options = []
        if kind is brokers.KafkaCompat:
            settings, reason, *_ = OVERRIDES.get(self.name, ([], None, (), ()))
            program = [os.environ["KAFKACOMPAT"]] if os.environ.get("KAFKACOMPAT") else ["dotnet", str(brokers.PROGRAM)]
            overrides = [f"--override {setting.format(port=self.ports[0], controller=self.ports[1])}" for setting in settings]
            if reason:
                self.notes.append(reason)
            options = [f"-Dbroker.command={' '.join([*program, *overrides])}", f"-Dasked.apis={','.join(map(str, self.programs.apis))}"]
            if recorded:
                options.append(f"-Dasked.recorded={recorded / 'answers'}")
        code, said = self.programs.run("Expect", root, out, options=options)
        if code != 0:
            log = root.parent / f"{root.name}.start1.log"
            return f"{kind.name} over {self.name}: {said[-1500:]}\n{log.read_text(errors='replace')[-1500:] if log.exists() else ''}"
        for file in (out / "answers").glob("*.json") if (out / "answers").exists() else []:
            text = file.read_text()
            for theirs, ours in zip(ARCHIVE_PORTS, self.ports):
                # Only where a port stands: a size or an offset can be the same number.
                text = re.sub(rf'(localhost:|"port" ?: ?){ours}(?!\d)', rf"\g<1>{theirs}", text)
            file.write_text(text)
        return None

    def compare(self, theirs, ours):
        """Compares Kafka's folder with ours; returns complaints."""
        same = self.folder / "compared"
        left_out = keep_asked(theirs, same, self.programs.apis)
        drop_telemetry(ours)
        if left_out:
            self.notes.append("not asked: " + ", ".join(left_out))
        complaints = []
        if self.name in OVERRIDES:
            _, _, configs, questions = OVERRIDES[self.name]
            self.notes.append("not compared: " + ", ".join(questions))
            for folder in (same, ours):
                drop_configs(folder, configs)
                for question in questions:
                    (folder / "answers" / f"{question}.json").unlink()
        more = damaged(self.folder / "other" / self.name, SERVES_MORE.get(self.name, ()))
        for partition, damage in more.items():
            complaints += only_more(partition, damage, same, ours)
            self.notes.append(f"more served than by Kafka: {partition[0]}-{partition[1]} ({damage})")
        for partition, damage in damaged(self.folder / "other" / self.name, FINDS_MORE.get(self.name, ())).items():
            complaints += found_more(partition, damage, same, ours)
            self.notes.append(f"more found than by Kafka: {partition[0]}-{partition[1]} ({damage})")
        for partition, damage in damaged(self.folder / "other" / self.name, COUNTS_MORE.get(self.name, ())).items():
            complaints += counted_more(partition, damage, same, ours)
            self.notes.append(f"a tail counted by Kafka: {partition[0]}-{partition[1]} ({damage})")
        closer = damaged(self.folder / "other" / self.name, LOOKS_CLOSER.get(self.name, ()))
        for partition, damage in closer.items():
            complaints += same_records(partition, damage, same, ours)
            self.notes.append(f"looked at closer than by Kafka: {partition[0]}-{partition[1]} ({damage})")
        if self.name in PLACED_ANEW:
            empty = [gather_empty(folder) for folder in (same, ours)]
            self.notes.append(f"{empty[0]} empty logs, in whichever directory")
            complaints += [] if empty[0] else ["no log is empty, so the archive needs no exception"]
        dropped = set(more) | set(closer)
        if self.name in COORDINATOR_WRITES:
            written = written_on(same, ours)
            for partition in sorted(written):
                complaints += same_before(partition, same, ours)
            self.notes.append(f"Kafka's transaction coordinator wrote {', '.join(f'{t}-{p}' for t, p in sorted(written)) or 'nothing: no exception needed'}")
            complaints += [] if written else ["Kafka wrote nothing while it opened, so the archive needs no exception"]
            dropped |= written
        if dropped:
            for folder in (same, ours):
                drop_partitions(folder, dropped)
            keep_common_epochs(same, ours)
        code, said = self.programs.run("Compare", same, ours, DATADIRS / "make" / "volatile.txt")
        lines = said.splitlines()
        if code != 0:
            complaints += lines
        self.notes += [line for line in lines if line.startswith("records ")]
        return complaints

    def refusal(self, theirs, ours):
        """Where Kafka does not start ours has to end with the same code and one line that says why."""
        about, own = json.loads((theirs / "about.json").read_text()), json.loads((ours / "about.json").read_text())
        if about["started"] or own["started"]:
            return [] if about["started"] == own["started"] else [f"Kafka started: {about['started']}, ours: {own['started']}"]
        log = (self.folder / "other" / f"{self.name}.start1.log").read_text(errors="replace").splitlines()
        complaints = [] if about["exitCode"] == own["exitCode"] else [f"exit code {own['exitCode']}, Kafka's {about['exitCode']}"]
        if len(log) != 1 or not log[0].startswith("kafkacompat: "):
            complaints.append(f"refused with {len(log)} lines: {log[:5]}")
        self.notes.append("refused: " + (log[0][:160] if log else "without a word"))
        return complaints

    def archive(self):
        """A directory that Kafka left, over our broker."""
        root = self.folder / "other" / self.name
        with tarfile.open(DATADIRS / f"{self.name}.tar.gz") as tar:
            tar.extractall(root.parent)
        theirs, ours = DATADIRS / f"{self.name}.expected", self.folder / "other.expected"
        failure = self.open(root, brokers.KafkaCompat, ours, recorded=theirs)
        return [failure] if failure else self.refusal(theirs, ours) + self.compare(theirs, ours)

    def written(self, source):
        """A stopped directory that our broker wrote: Kafka opens a copy first, then ours another."""
        for side in ("kafka", "other"):
            shutil.copytree(source, self.folder / side / self.name, symlinks=True)
        theirs, ours = self.folder / "kafka.expected", self.folder / "other.expected"
        failure = self.open(self.folder / "kafka" / self.name, brokers.ApacheKafka, theirs) or self.open(self.folder / "other" / self.name, brokers.KafkaCompat, ours, recorded=theirs)
        return [failure] if failure else self.refusal(theirs, ours) + self.compare(theirs, ours)


# GetTelemetrySubscriptions and PushTelemetry: Kafka advertises them where a reporter takes what clients push, ours while somebody subscribes to it.
TELEMETRY_KEYS = (71, 72)


def keep_asked(theirs, same, apis):
    """Copies Kafka's folder without the answers that our broker was not asked for; returns their names."""
    left_out = []
    shutil.copytree(theirs, same, ignore=shutil.ignore_patterns("dump"))
    for file in [same, *same.rglob("*")]:
        file.chmod(0o755 if file.is_dir() else 0o644)
    for file in sorted((same / "answers").glob("*.json")):
        exchanges = json.loads(file.read_text())
        if not exchanges or exchanges[0].get("api") not in apis:
            left_out.append(file.stem)
            file.unlink()
        elif file.stem == "ApiVersions":
            for exchange in exchanges:
                kept = [api for api in exchange["response"]["apiKeys"] if api["apiKey"] in apis and api["apiKey"] not in TELEMETRY_KEYS]
                exchange["response"]["apiKeys"] = sorted(kept, key=lambda api: api["apiKey"])
            file.write_text(json.dumps(exchanges))
    return left_out


def drop_telemetry(folder):
    """Takes the keys of telemetry out of our ApiVersions: whether they are there follows the directory's subscriptions."""
    file = folder / "answers" / "ApiVersions.json"
    exchanges = json.loads(file.read_text()) if file.exists() else []
    for exchange in exchanges:
        exchange["response"]["apiKeys"] = [api for api in exchange["response"]["apiKeys"] if api["apiKey"] not in TELEMETRY_KEYS]
    if exchanges:
        file.write_text(json.dumps(exchanges))


def drop_configs(folder, names):
    file = folder / "answers" / "DescribeConfigs.json"
    exchanges = json.loads(file.read_text())
    for exchange in exchanges:
        for result in exchange["response"]["results"]:
            result["configs"] = [config for config in result["configs"] if config["name"] not in names]
    file.write_text(json.dumps(exchanges))


def damaged(root, allowed):
    """The partitions that have one of these damages: {(topic, partition): damage}."""
    rows = [line.split("\t") for line in (root / "damage.tsv").read_text().splitlines()] if allowed else []
    folders = {damage: pathlib.PurePath(folder).name.rpartition("-") for folder, damage in rows}
    return {(folders[damage][0], int(folders[damage][2])): damage for damage in allowed}


def records(folder):
    with gzip.open(folder / "records.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def only_more(partition, damage, theirs, ours):
    """Ours has to serve each of Kafka's records of this partition as it is, and more: else it is named here for nothing."""
    kafkas, own = ([r for r in records(folder) if (r["topic"], r["partition"]) == partition] for folder in (theirs, ours))
    missing = [r for r in kafkas if r not in own]
    if missing:
        return [f"{partition} ({damage}): {len(missing)} records of Kafka's are missing or differ, the first {missing[0]}"]
    return [] if len(own) > len(kafkas) else [f"{partition} ({damage}): Kafka serves as many records, so it needs no exception"]


def same_records(partition, damage, theirs, ours):
    """Ours has to serve Kafka's records of this partition as they are; whether they are committed is what the damage is about."""
    kafkas, own = ([{**r, "committed": None} for r in records(folder) if (r["topic"], r["partition"]) == partition] for folder in (theirs, ours))
    missing = [r for r in kafkas if r not in own]
    return [f"{partition} ({damage}): {len(missing)} records of Kafka's are missing or differ, the first {missing[0]}"] if missing else []


def found_more(partition, damage, theirs, ours):
    """Takes our answer for Kafka's where Kafka found no offset for a timestamp and ours did: only of this partition, and there has to be one."""
    file, found = theirs / "answers" / "ListOffsets.json", 0
    exchanges = json.loads(file.read_text())
    for kafka, own in zip(exchanges, json.loads((ours / "answers" / "ListOffsets.json").read_text())):
        answers = [{(t["name"], p["partitionIndex"]): p for t in e["response"]["topics"] for p in t["partitions"]}.get(partition, {}) for e in (kafka, own)]
        if kafka["request"] == own["request"] and answers[0].get("offset") == -1 and answers[1].get("offset", -1) >= 0:
            answers[0].update(answers[1])
            found += 1
    file.write_text(json.dumps(exchanges))
    return [] if found else [f"{partition} ({damage}): Kafka finds as much, so it needs no exception"]


def sizes(exchanges):
    """{(topic, partition): element} of DescribeLogDirs."""
    return {(t["name"], p["partitionIndex"]): p for e in exchanges for r in e["response"]["results"] for t in r["topics"] for p in t["partitions"]}


def counted_more(partition, damage, theirs, ours):
    """Takes our size of a partition for Kafka's where Kafka's is larger, which it has to be."""
    file = theirs / "answers" / "DescribeLogDirs.json"
    exchanges = json.loads(file.read_text())
    kafka, own = sizes(exchanges)[partition], sizes(json.loads((ours / "answers" / "DescribeLogDirs.json").read_text()))[partition]
    if kafka["partitionSize"] <= own["partitionSize"]:
        return [f"{partition} ({damage}): Kafka counts {kafka['partitionSize']} bytes and ours {own['partitionSize']}, so it needs no exception"]
    kafka["partitionSize"] = own["partitionSize"]
    file.write_text(json.dumps(exchanges))
    return []


def gather_empty(folder):
    """Shows all empty logs in the first directory of DescribeLogDirs; returns how many there are."""
    file, empty = folder / "answers" / "DescribeLogDirs.json", {}
    exchanges = json.loads(file.read_text())
    for exchange in exchanges:
        for result in exchange["response"]["results"]:
            for topic in result["topics"]:
                empty.setdefault(topic["name"], []).extend(p for p in topic["partitions"] if p["partitionSize"] == 0)
                topic["partitions"] = [p for p in topic["partitions"] if p["partitionSize"] > 0]
            result["topics"] = [topic for topic in result["topics"] if topic["partitions"]]
        exchange["response"]["empty"] = [{"name": name, "partitions": partitions} for name, partitions in empty.items()]
    file.write_text(json.dumps(exchanges))
    return sum(map(len, empty.values()))


def ends(folder):
    """{(topic, partition): end offset} as ListOffsets answered it."""
    found = {}
    for exchange in json.loads((folder / "answers" / "ListOffsets.json").read_text()):
        if exchange["request"]["isolationLevel"] == 0 and all(p["timestamp"] == -1 for t in exchange["request"]["topics"] for p in t["partitions"]):
            found.update({(t["name"], p["partitionIndex"]): p["offset"] for t in exchange["response"]["topics"] for p in t["partitions"]})
    return found


def written_on(theirs, ours):
    """The partitions that Kafka's opening made longer than ours is."""
    own = ends(ours)
    return {partition for partition, end in ends(theirs).items() if end > own.get(partition, end)}


def same_before(partition, theirs, ours):
    """Where Kafka wrote on, each of our records has to be Kafka's, and Kafka may have more only behind our end."""
    kafkas, own = ({r["offset"]: {**r, "committed": None} for r in records(folder) if (r["topic"], r["partition"]) == partition} for folder in (theirs, ours))
    end = ends(ours)[partition]
    differing = [offset for offset in kafkas.keys() | own.keys() if offset < end and kafkas.get(offset) != own.get(offset)]
    return [f"{partition}: {len(differing)} records before Kafka's own differ, from offset {min(differing)} on"] if differing else []


def keep_common_epochs(theirs, ours):
    """The newest epoch that is asked for comes from the records, of dropped partitions too: the rest of the longer list is asked of one side alone."""
    files = [folder / "answers" / "OffsetForLeaderEpoch.json" for folder in (theirs, ours)]
    exchanges = [json.loads(file.read_text()) for file in files]
    for file, asked in zip(files, exchanges):
        file.write_text(json.dumps(asked[:min(map(len, exchanges))]))


def drop_partitions(folder, partitions):
    """Takes partitions out of everything that Compare looks at."""
    kept = [r for r in records(folder) if (r["topic"], r["partition"]) not in partitions]
    with gzip.open(folder / "records.jsonl.gz", "wt") as lines:
        lines.writelines(json.dumps(r) + "\n" for r in kept)
    fetched = folder / "fetched.tsv"
    rows = [line for line in fetched.read_text().splitlines() if (line.split("\t")[0], int(line.split("\t")[1])) not in partitions]
    fetched.write_text("".join(row + "\n" for row in rows))
    ids = {}
    for exchange in json.loads((folder / "answers" / "Metadata.json").read_text()):
        ids.update({topic["topicId"]: topic["name"] for topic in exchange["response"]["topics"]})

    def without(node, topic):
        if isinstance(node, list):
            return [without(e, topic) for e in node if not (isinstance(e, dict) and (topic, e.get("partitionIndex", e.get("partition"))) in partitions)]
        if isinstance(node, dict):
            named = next((node[k] for k in ("topic", "name", "topicName") if isinstance(node.get(k), str)), ids.get(node.get("topicId", ""), topic))
            return {key: without(value, named) for key, value in node.items()}
        return node

    for file in (folder / "answers").glob("*.json"):
        file.write_text(json.dumps(without(json.loads(file.read_text()), None)))


def fill(folder, dirs, kill):
    """Has our broker write a directory: topics, records of every codec, groups, a restart in between. Returns its folder, ready to be opened elsewhere."""
    broker = brokers.KafkaCompat(folder, dirs=dirs)
    try:
        broker.start()
        interchange.client(broker, "add", "0")
        broker.restart()
        interchange.client(broker, "add", "1")
        broker.kill() if kill else broker.stop()
    finally:
        broker.kill()
    text = broker.properties.read_text().replace(f"{folder}/", "")
    for theirs, ours in zip(ARCHIVE_PORTS, (broker.port, broker.controller_port)):
        text = text.replace(f":{ours}", f":{theirs}")
    broker.properties.write_text(text)
    broker.log.unlink()
    return folder


def run(folder, names, options):
    """The part `datadirs` of run.py: returns passed and failed counts."""
    if names == ["kafka"] or not (DATADIRS / "make").exists():
        print("datadirs asks our broker what the reference's archives hold: it needs both")
        return 0, 0 if names == ["kafka"] else 1
    folder.mkdir(parents=True)
    programs = Programs(folder / "programs", sorted(advertised(folder / "advertised")))
    jobs = []
    wanted = options.directory or []
    for archive in sorted(DATADIRS.glob("*.tar.gz")):
        name = archive.name.removesuffix(".tar.gz")
        if name in NOT_SERVED:
            print(f"left out datadirs {name}: {NOT_SERVED[name]}", flush=True)
        else:
            jobs.append((name, lambda check: check.archive()))
    for name, dirs, kill in [("written", ["data"], False), ("written-killed", ["data"], True), ("written-two-dirs", ["data1", "data2"], False)]:
        jobs.append((name, lambda check, dirs=dirs, kill=kill: check.written(fill(check.folder / "source" / check.name, dirs, kill))))
    if wanted:
        jobs = [job for job in jobs if job[0] in wanted]
    passed, failed, gate = [], [], threading.Lock()

    def work():
        while True:
            with gate:
                if not jobs:
                    return
                name, job = jobs.pop(0)
            started = time.monotonic()
            check = Check(programs, folder / name, name)
            check.folder.mkdir()
            try:
                complaints = job(check)
            except (RuntimeError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
                complaints = [f"{type(error).__name__}: {error}"]
            with gate:
                (failed if complaints else passed).append(name)
                print(f"{'FAILED ' if complaints else 'passed '} datadirs {name} {time.monotonic() - started:.1f} s; {'; '.join(check.notes)}", flush=True)
                for line in complaints[:40]:
                    print(f"  {line[:1500]}")
            if not options.keep:
                subprocess.run(["rm", "-rf", str(check.folder)], check=False)

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(passed), len(failed)
