"""Runs the snippets of the README's chapter "Connect" as they stand there, each against a broker of ours, and looks for what they print."""

import os
import pathlib
import re
import subprocess

import brokers

TOP = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 300  # a snippet that has not ended by then is a failure
PRINTED = "hello"

JAVA = """
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

public class Snippet {
    public static void main(String[] arguments) throws Exception {
%s
    }
}
"""

# A language of the README: its file, what is put round the snippet, and the command that runs the file.
LANGUAGES = {
    "bash": ("snippet.sh", "set -e\n%s", lambda file: ["bash", file]),
    "csharp": ("snippet.cs", "#:package Confluent.Kafka@2.16.0\n%s", lambda file: ["dotnet", "run", file]),
    "java": ("Snippet.java", JAVA, lambda file: ["java", "-cp", f"{brokers.KAFKA_HOME}/broker/*", file]),
    "python": ("snippet.py", "%s", lambda file: ["/usr/bin/python3", file]),
    "js": ("snippet.js", "%s", lambda file: ["node", file]),
}


def snippets():
    """Language and text of each fenced block of the chapter, in its order."""
    chapter = re.search(r"^## Connect\n(.*?)^## ", (TOP / "README.md").read_text(), re.M | re.S).group(1)
    return re.findall(r"^```(\w+)\n(.*?)^```", chapter, re.M | re.S)


def run(folder, names, options):
    if "ours" not in names:
        return 0, 0
    broker = brokers.BROKERS["ours"](folder / "ours")
    broker.start()
    passed = failed = 0
    try:
        found = snippets()
        for language in LANGUAGES.keys() - {language for language, _ in found}:
            failed += 1
            print(f"FAILED  readme       {language}: the README has no snippet")
        for number, (language, text) in enumerate(found):
            problem = attempt(folder / f"{number}-{language}", language, text, broker.bootstrap)
            passed, failed = passed + (not problem), failed + bool(problem)
            print(f"FAILED  readme       {language}: {problem}" if problem else f"passed  readme       {language}", flush=True)
    finally:
        broker.stop()
    return passed, failed


def attempt(folder, language, text, bootstrap):
    """Runs one snippet; returns what went wrong, or nothing."""
    name, frame, command = LANGUAGES[language]
    folder.mkdir(parents=True)
    (folder / name).write_text(frame % text.replace("localhost:9092", bootstrap))
    environment = {**os.environ, "NODE_PATH": str(TOP / "compat-tests" / "kafkajs" / "node_modules"), "DOTNET_NOLOGO": "1"}
    try:
        ended = subprocess.run(command(name), cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ended.returncode or PRINTED not in ended.stdout:
        return f"exit code {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
    return None
