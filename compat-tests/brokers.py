"""The two brokers under comparison: Apache Kafka from $KAFKA_HOME and ours, each a process on free ports with its data in a folder of its own."""

import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KAFKA_HOME = pathlib.Path(os.environ.get("KAFKA_HOME", ROOT.parent / "shared" / "kafka-4.4")).resolve()
PROGRAM = ROOT / "src" / "KafkaCompat.Server" / "bin" / "Release" / "net10.0" / "kafkacompat.dll"
START_SECONDS = 60
STOP_SECONDS = 30

# The settings of both brokers; compat-tests/confluent starts its own from the same file.
PROPERTIES = (ROOT / "compat-tests" / "server.properties").read_text()


def tool_environment():
    """Kafka's tools start fastest with a small heap and the first compiler tier alone."""
    return {**os.environ, "KAFKA_HEAP_OPTS": "-Xmx256m -XX:TieredStopAtLevel=1", "LC_ALL": "C.UTF-8"}


def kafka_command(name):
    """The reference's runner if it is there, else the script of an ordinary Kafka distribution."""
    runner = KAFKA_HOME / "kafka"
    return [str(runner), name] if runner.exists() else [str(KAFKA_HOME / "bin" / f"{name}.sh")]


def kafka_tool(name, *arguments, input=None, timeout=90):
    """Runs one of Kafka's own programs to its end; returns exit code, stdout, stderr."""
    run = subprocess.run([*kafka_command(name), *arguments], input=input, capture_output=True, text=True, timeout=timeout, env=tool_environment())
    return run.returncode, run.stdout, run.stderr


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def metadata_answers(port):
    """Whether the broker names itself and a controller in an answer to Metadata version 1 without topics."""
    request = struct.pack(">hhih", 3, 1, 7, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection(("localhost", port), timeout=2) as connection:
            connection.settimeout(5)
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(12)
            return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0
    except OSError:
        return False


class Broker:
    """A broker process that can be stopped, killed and started again on the same ports and data."""

    name = ""

    def __init__(self, folder, like=None, dirs=("data",)):
        """`like` is a stopped broker whose directory and ports this one takes over; `dirs` its data directories' names."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / dirs[0]
        self.port, self.controller_port = (like.port, like.controller_port) if like else free_ports(2)
        self.properties = self.folder / "server.properties"
        self.properties.write_text(PROPERTIES.format(port=self.port, controller=self.controller_port, data=",".join(str(self.folder / name) for name in dirs)))
        self.log = self.folder / "broker.log"
        self.process = None

    @property
    def bootstrap(self):
        return f"localhost:{self.port}"

    def start(self):
        self.prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, env=self.environment(), start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not metadata_answers(self.port):
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode} at start:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not answer within {START_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.05)
        return self

    def stop(self):
        """Stops cleanly; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError(f"{self.name} did not stop within {STOP_SECONDS} s of SIGTERM:\n{self.log_tail()}")
        code, self.process = self.process.returncode, None
        return code

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def log_tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def prepare(self):
        pass

    def environment(self):
        return dict(os.environ)


class ApacheKafka(Broker):
    name = "kafka"

    def prepare(self):
        if not self.data.exists():
            kafka_format(self.properties)

    def command(self):
        return [*kafka_command("kafka-server-start"), str(self.properties)]

    def environment(self):
        return {**os.environ, "KAFKA_HEAP_OPTS": "-Xmx512m -Xms128m -XX:TieredStopAtLevel=1"}

    @staticmethod
    def missing():
        """Why Apache Kafka cannot run here, or None."""
        if not pathlib.Path(kafka_command("kafka-server-start")[0]).exists():
            return f"no Apache Kafka in {KAFKA_HOME}"
        return None if shutil.which(os.environ.get("JAVA", "java")) else "no java"


class KafkaCompat(Broker):
    name = "ours"

    def command(self):
        program = os.environ.get("KAFKACOMPAT")
        return [program, str(self.properties)] if program else ["dotnet", str(PROGRAM), str(self.properties)]

    @staticmethod
    def missing():
        """Why our broker cannot run here, or None."""
        return None if os.environ.get("KAFKACOMPAT") or PROGRAM.exists() else "build it first: dotnet build -c Release src/KafkaCompat.Server"


BROKERS = {"kafka": ApacheKafka, "ours": KafkaCompat}


def kafka_format(properties):
    code, out, _ = kafka_tool("kafka-storage", "random-uuid")
    code, out, error = kafka_tool("kafka-storage", "format", "--standalone", "-t", out.strip().splitlines()[-1], "-c", str(properties))
    if code != 0:
        raise RuntimeError(f"kafka-storage format: {out}{error}")
