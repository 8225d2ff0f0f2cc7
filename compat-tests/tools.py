"""Runs Kafka's tools with their main options against both brokers and compares what they print, up to ids and times. The steps are in
tool_steps.py and quota_steps.py and go one after another over one pair of brokers, both brokers at the same time."""

import difflib
import re
import signal
import subprocess
import sys
import threading
import time

import brokers
import quota_steps
import tool_steps

STEPS = tool_steps.STEPS + quota_steps.STEPS
TOOL_SECONDS = 60  # a tool that runs longer is ended
UNTIL_SECONDS = 30  # a tool that runs until it has said something has said it by then


def archive(folder, bootstrap):
    """Classes of the tools, loaded once and mapped by every JVM afterwards: a tool starts in half the time."""
    path = folder / "tools.jsa"
    environment = {**brokers.tool_environment(), "KAFKA_OPTS": f"-XX:ArchiveClassesAtExit={path}"}
    command = [*brokers.kafka_command("kafka-topics"), "--bootstrap-server", bootstrap, "--list"]
    subprocess.run(command, capture_output=True, env=environment, timeout=TOOL_SECONDS, check=False)
    return path if path.exists() else None


class Session:
    """The steps on one broker. Every step leaves its exit code and its masked lines."""

    def __init__(self, broker, jsa):
        self.broker = broker
        self.environment = brokers.tool_environment()
        if jsa:
            self.environment["KAFKA_OPTS"] = f"-XX:SharedArchiveFile={jsa} -Xlog:disable"
        self.names = {"bootstrap": broker.bootstrap, "controller": f"localhost:{broker.controller_port}", "data": str(broker.data), "folder": str(broker.folder)}
        self.results = []
        self.running = {}

    def run_all(self):
        try:
            for step in STEPS:
                try:
                    self.results.append(self.run(step))
                except (OSError, subprocess.SubprocessError, RuntimeError, KeyError) as error:
                    self.results.append([f"driver error on {self.broker.name}: {error!r}"])
        finally:
            for process in self.running.values():
                process.kill()
                process.wait()

    def run(self, step):
        if step.stops:
            return self.stopped(step)
        for name, text in step.files.items():
            (self.broker.folder / name).write_text(text.format(**self.names) if "{data}" in text else text)
        command = [*brokers.kafka_command(step.tool), *(argument.format(**self.names) for argument in step.arguments)]
        if step.until:
            return self.until(step, command)
        done = subprocess.run(command, input=step.input, capture_output=True, text=True, env=self.environment, timeout=TOOL_SECONDS)
        return [f"exit {done.returncode}", *self.lines(step, done.stdout, done.stderr)]

    def until(self, step, command):
        """Starts a tool and waits for a line. It goes on in the background if the step says so, else it is ended."""
        errors = (self.broker.folder / "background.err").open("w+")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=self.environment)
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
        text = out + "".join(line + "\n" for line in error.splitlines() if not re.match(r"\[\d{4}-|\s+at |WARNING: ", line))
        for port, name in ((self.broker.port, "PORT"), (self.broker.controller_port, "CONTROLLER")):
            text = text.replace(str(port), name)
        text = text.replace(str(self.broker.data), "DATA").replace(str(self.broker.folder), "FOLDER")
        for pattern, replacement in (*tool_steps.MASKS, *step.masks):
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
        jsa = archive(folder, running[0].bootstrap)
        sessions = [Session(broker, jsa) for broker in running]
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
