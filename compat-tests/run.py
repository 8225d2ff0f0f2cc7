#!/usr/bin/env python3
"""Runs the scenarios with every client against Apache Kafka and against our broker, and compares the answers. README.md beside this file
describes clients, scenarios and the protocol between this program and a driver. The last line is `N passed, N failed`."""

import argparse
import difflib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import admin_wire
import brokers
import datadirs
import formats
import interchange
import readme
import tools

HERE = pathlib.Path(__file__).resolve().parent
SCENARIOS = json.loads((HERE / "scenarios.json").read_text())
ANSWER_SECONDS = 120  # a driver that says nothing for so long is ended

# The command of each driver, and the scenarios that its client has no means for.
CLIENTS = {
    "kcat": (["/usr/bin/python3", str(HERE / "kcat" / "driver.py")], {}),
    "python": (["/usr/bin/python3", str(HERE / "python" / "driver.py")], {"idempotent": "kafka-python 2.0 has no idempotent producer"}),
    "kafkajs": (["node", str(HERE / "kafkajs" / "driver.js")], {}),
    "kafka-tools": (["/usr/bin/python3", str(HERE / "kafka-tools" / "driver.py")], {}),
}


class Driver:
    """One driver against one broker. Lines of the driver's output are results; `{"broker": "restart"}` asks for a restart and waits."""

    def __init__(self, client, broker, scenarios, verbose):
        self.client, self.broker, self.scenarios, self.verbose = client, broker, scenarios, verbose
        self.results = {}
        self.seconds = {}

    @staticmethod
    def watch(process):
        watchdog = threading.Timer(ANSWER_SECONDS, process.kill)
        watchdog.daemon = True
        watchdog.start()
        return watchdog

    def run(self):
        errors = (self.broker.folder / f"{self.client}.err").open("w+")
        environment = {**os.environ, "BOOTSTRAP": self.broker.bootstrap, "KAFKA_HOME": str(brokers.KAFKA_HOME)}
        process = subprocess.Popen([*CLIENTS[self.client][0], *self.scenarios], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        watchdog = self.watch(process)
        started = time.monotonic()
        try:
            for line in process.stdout:
                watchdog.cancel()
                watchdog = self.watch(process)
                if self.verbose:
                    print(f"  [{self.client} {self.broker.name}] {line.rstrip()[:400]}", flush=True)
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                if message.get("broker") == "restart":
                    self.broker.restart()
                    process.stdin.write("restarted\n")
                    process.stdin.flush()
                elif "scenario" in message:
                    self.results[message["scenario"]] = message.get("result") if "error" not in message else {"driver error": message["error"]}
                    self.seconds[message["scenario"]] = time.monotonic() - started
                    started = time.monotonic()
        except (RuntimeError, OSError) as error:
            self.results.setdefault("broker", {"driver error": str(error)})
            process.kill()
        finally:
            watchdog.cancel()
            process.wait()
            errors.seek(0)
            said = errors.read()[-3000:]
            errors.close()
        for scenario in self.scenarios:
            if scenario not in self.results:
                self.results[scenario] = {"driver error": f"no answer; the driver ended with {process.returncode}\n{self.results.get('broker', '')}\n{said}"}


def pretty(result):
    return json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def run_client(client, running, scenarios, verbose):
    """Returns passed and failed counts; both brokers are driven at the same time."""
    drivers = [Driver(client, broker, scenarios, verbose) for broker in running]
    threads = [threading.Thread(target=driver.run) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = failed = 0
    for scenario in scenarios:
        results = [driver.results[scenario] for driver in drivers]
        broken = [(d, r) for d, r in zip(drivers, results) if isinstance(r, dict) and "driver error" in r]
        seconds = ", ".join(f"{d.broker.name} {d.seconds.get(scenario, 0):.1f} s" for d in drivers)
        if not broken and all(result == results[0] for result in results):
            passed += 1
            print(f"passed  {client:12} {scenario:14} {seconds}", flush=True)
            continue
        failed += 1
        print(f"FAILED  {client:12} {scenario:14} {seconds}", flush=True)
        for driver, result in broken:
            print(f"  on {driver.broker.name}: {result['driver error']}")
        if not broken:
            for line in difflib.unified_diff(pretty(results[0]), pretty(results[1]), drivers[0].broker.name, drivers[1].broker.name, lineterm=""):
                print(f"  {line}")
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*CLIENTS, *PARTS], help="these clients or parts (default: all)")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="these scenarios (default: all)")
    parser.add_argument("--directory", action="append", help="these directories of the part datadirs (default: all)")
    parser.add_argument("--broker", choices=["kafka", "ours", "both"], default="both")
    parser.add_argument("--keep", action="store_true", help="leave the brokers' folders and say where they are")
    parser.add_argument("--verbose", action="store_true", help="print every answer")
    options = parser.parse_args()
    wanted = options.only or [*CLIENTS, *PARTS]
    names = ["kafka", "ours"] if options.broker == "both" else [options.broker]
    for name in names:
        reason = brokers.BROKERS[name].missing()
        if reason:
            print(f"cannot run {name}: {reason}\n0 passed, 1 failed")
            return 1
    passed = failed = 0
    folder = tempfile.mkdtemp(prefix="compat-")
    running = []
    try:
        clients = [client for client in wanted if client in CLIENTS]
        if clients:
            for name in names:
                running.append(brokers.BROKERS[name](pathlib.Path(folder) / name))
                running[-1].start()
            for client in clients:
                scenarios = [s for s in options.scenario or SCENARIOS if s not in CLIENTS[client][1]]
                ok, bad = run_client(client, running, scenarios, options.verbose)
                passed, failed = passed + ok, failed + bad
            for broker in running:
                code = broker.stop()
                if code not in (0, 143):
                    failed += 1
                    print(f"FAILED  {broker.name} ended with {code} after SIGTERM:\n{broker.log_tail()}")
        for part in [part for part in wanted if part in PARTS]:
            ok, bad = PARTS[part](pathlib.Path(folder) / part, names, options)
            passed, failed = passed + ok, failed + bad
    except RuntimeError as error:
        failed += 1
        print(f"FAILED  {error}")
    finally:
        for broker in running:
            broker.kill()
        if options.keep:
            print(f"kept {folder}")
        else:
            subprocess.run(["rm", "-rf", folder], check=False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def produce(folder, names, options):
    import produce_wire  # not above: the packages of the codecs are needed for this part alone
    return produce_wire.run(folder, names, options)


def odd(folder, names, options):
    import odd_values  # needs the packages of the codecs too
    return odd_values.run(folder, names, options)


def verdicts_of_codecs(folder, names, options):
    import verdicts  # needs the packages of the codecs too
    return verdicts.run(folder, names, options)


PARTS = {"interchange": interchange.run, "tools": tools.run, "admin": admin_wire.run, "produce": produce, "verdicts": verdicts_of_codecs, "odd": odd, "datadirs": datadirs.run, "readme": readme.run, "format": formats.run}

if __name__ == "__main__":
    sys.exit(main())
