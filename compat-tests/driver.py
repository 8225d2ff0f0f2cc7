"""What the drivers written in Python share: their end of the protocol with run.py, and digests of what they read."""

import base64
import hashlib
import json
import os
import sys
import traceback

BOOTSTRAP = os.environ["BOOTSTRAP"]


def say(message):
    print(json.dumps(message, ensure_ascii=False, sort_keys=True), flush=True)


def restart_broker():
    """Asks run.py for a restart of the broker and waits until it answers again."""
    say({"broker": "restart"})
    if sys.stdin.readline().strip() != "restarted":
        raise RuntimeError("the broker did not come back")


def shown(value):
    """A key or value as the answers show it: null, text, a digest of long bytes, else base64."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.encode()
    if len(value) > 100:
        return f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:12]}"
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64 " + base64.b64encode(value).decode()


def main(scenarios):
    """Runs the scenarios named in the arguments; each function's value is its answer."""
    for name in sys.argv[1:]:
        try:
            say({"scenario": name, "result": scenarios[name]()})
        except Exception:  # the driver reports whatever went wrong and goes on with the next scenario
            say({"scenario": name, "error": traceback.format_exc()[-2500:]})
