"""Runs Kafka's tools with their main options against both brokers and compares what they print, up to ids and times. The steps are in
tool_steps.py and quota_steps.py and go one after another over one pair of brokers, both brokers at the same time."""

import difflib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import brokers
import quota_steps
import tool_step
import tool_steps

STEPS = tool_steps.STEPS + quota_steps.STEPS
TOOL_SECONDS = 60  # a tool that runs longer is ended
UNTIL_SECONDS = 30  # a tool that runs until it has said something has said it by then


class ToolServer:
    """A JVM that runs one tool after another: most of a tool's time is its start, and there are hundreds of runs. kafka-tools/ToolServer.java is the program."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        classes = folder / "classes"
        jars = next((path for path in (brokers.KAFKA_HOME / "tools", brokers.KAFKA_HOME / "libs") if path.is_dir()), None)
        java = os.environ.get("JAVA", "java")
        if not classes.exists():
            source = brokers.ROOT / "compat-tests" / "kafka-tools" / "ToolServer.java"
            subprocess.run([java, "-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-d", str(classes), "-cp", ":".join(map(str, jars.glob("*.jar"))), str(source)], check=True)
        environment = brokers.tool_environment()
        logging = brokers.KAFKA_HOME / "log4j2.yaml"
        options = [f"-Dlog4j2.configurationFile={logging}"] if logging.exists() else []
        self.errors = (folder / f"tool-server-{id(self)}.err").open("w")
        self.process = subprocess.Popen(
            [java, *environment["KAFKA_HEAP_OPTS"].split(), "--add-opens=java.base/java.lang=ALL-UNNAMED", *options, "-cp", f"{classes}:{jars}/*", "ToolServer"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment)

    def run(self, step, arguments):
        """Exit code, standard output and standard error of one run."""
        watchdog = threading.Timer(TOOL_SECONDS, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(json.dumps({"tool": step.tool, "arguments": arguments, "input": step.input}) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not answer:
            raise RuntimeError(f"{step.label} did not end within {TOOL_SECONDS} s, or took the JVM with it")
        answer = json.loads(answer)
        return answer["exit"], answer["out"], answer["error"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.errors.close()


class Session:
    """The steps on one broker. Every step leaves its exit code and its masked lines."""

    def __init__(self, broker, folder):
        self.broker = broker
        self.folder = folder
        self.names = {"bootstrap": broker.bootstrap, "controller": f"localhost:{broker.controller_port}", "data": str(broker.data), "folder": str(broker.folder)}
        self.results = []
        self.seconds = []
        self.running = {}
        self.server = ToolServer(folder)

    def run_all(self):
        try:
            for step in STEPS:
                started = time.monotonic()
                try:
                    self.results.append(self.run(step))
                except (OSError, subprocess.SubprocessError, RuntimeError, KeyError) as error:
                    self.results.append([f"driver error on {self.broker.name}: {error!r}"])
                self.seconds.append(time.monotonic() - started)
        finally:
            self.server.close()
            for process in self.running.values():
                process.kill()
                process.wait()

    def run(self, step):
        if step.stops:
            return self.stopped(step)
        for name, text in step.files.items():
            (self.broker.folder / name).write_text(text.format(**self.names) if "{data}" in text else text)
        arguments = [self.expanded(argument.format(**self.names)) for argument in step.arguments]
        if step.until:
            return self.until(step, [*brokers.kafka_command(step.tool), *arguments])
        if self.server.process.poll() is not None:
            self.server = ToolServer(self.folder)
        code, out, error = self.server.run(step, arguments)
        return [f"exit {code}", *self.lines(step, out, error)]

    def expanded(self, argument):
        """An argument that begins with the broker's directory may have asterisks, which stand for all files that fit, with commas between them."""
        if not argument.startswith(str(self.broker.data)) or "*" not in argument:
            return argument
        return ",".join(sorted(map(str, self.broker.data.glob(argument[len(str(self.broker.data)) + 1:]))))

    def until(self, step, command):
        """Starts a tool and waits for a line. It goes on in the background if the step says so, else it is ended."""
        errors = (self.broker.folder / "background.err").open("w+")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=brokers.tool_environment())
        watchdog = threading.Timer(UNTIL_SECONDS, process.kill)
        watchdog.start()
        said = []
        for line in process.stdout:
            said.append(line)
            if re.search(step.until, line):
                break
        else:
            errors.seek(0)
            said.append(f"ended without {step.until}: {errors.read()[-2000:]}")
        watchdog.cancel()
        errors.close()
        if step.background:
            self.running[step.label] = process
        else:
            process.kill()
            process.wait()
        return self.lines(step, "".join(said), "")

    def stopped(self, step):
        process = self.running.pop(step.stops)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=UNTIL_SECONDS)
        return [f"exit {process.returncode}", *self.lines(step, out, "")]

    def lines(self, step, out, error):
        text = "".join(line + "\n" for line in (*out.splitlines(), *error.splitlines()) if not re.match(r"\[\d{4}-|\s+at |WARNING: |\s+\.\.\. \d+ more", line))
        for port, name in ((self.broker.port, "PORT"), (self.broker.controller_port, "CONTROLLER")):
            text = re.sub(rf"(?<!\d){port}(?!\d)", name, text)  # not within an offset or a size
        text = text.replace(str(self.broker.data), "DATA").replace(str(self.broker.folder), "FOLDER")
        for pattern, replacement in (*tool_step.MASKS, *step.masks):
            text = re.sub(pattern, replacement, text, flags=re.M)
        lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
        lines = [line for line in lines if line and (not step.keep or re.search(step.keep, line))]
        return sorted(set(lines)) if step.unique else sorted(lines)


def run(folder, names, options):
    """Returns passed and failed counts."""
    folder.mkdir(parents=True, exist_ok=True)
    running = []
    try:
        for name in names:
            running.append(brokers.BROKERS[name](folder / name).start())
        sessions = [Session(broker, folder / f"tools-{broker.name}") for broker in running]
        threads = [threading.Thread(target=session.run_all) for session in sessions]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        failed = 0
        for step, *results in zip(STEPS, *(session.results for session in sessions)):
            if options.verbose:
                print(f"  [{step.label}]\n" + "".join(f"    {line}\n" for line in results[-1]), end="")
            results = step.comparable(results)
            driver_errors = [line for result in results for line in result if line.startswith("driver error")]
            if not driver_errors and all(result == results[0] for result in results):
                continue
            failed += 1
            print(f"FAILED  tools {step.label}", flush=True)
            for line in driver_errors or difflib.unified_diff(results[0], results[-1], names[0], names[-1], lineterm=""):
                print(f"  {line[:1000]}")
        print(f"{'FAILED' if failed else 'passed'}  tools: {len(STEPS)} steps on each broker, {time.monotonic() - started:.0f} s", flush=True)
        return len(STEPS) - failed, failed
    finally:
        for broker in running:
            broker.kill()


if __name__ == "__main__":
    sys.exit("run.py --only tools runs this")
