#!/usr/bin/env python3
"""Runs a command and keeps what it said last, with its time and exit status, under a name in bench/results/soak-DATE.json.

    scripts/record_part.py NAME COMMAND [ARGUMENT...]
"""
import collections
import datetime
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = 25  # lines


def commit():
    """The commit, marked where the tree differs from it."""
    return subprocess.run(["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def run(command):
    """Exit status and the last lines; all of them are passed on."""
    last = collections.deque(maxlen=KEPT)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            last.append(line.rstrip())
    return process.returncode, list(last)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    name, command = sys.argv[1], sys.argv[2:]
    before, begin = commit(), time.monotonic()
    status, lines = run(command)
    path = ROOT / f"bench/results/soak-{datetime.datetime.now(datetime.timezone.utc):%Y%m%d}.json"
    parts = json.loads(path.read_text()) if path.exists() else {}
    parts[name] = {"command": " ".join(command).replace(f"{ROOT}/", ""), "commit": before, "seconds": round(time.monotonic() - begin),
                   "exit": status, "last_lines": lines}
    path.write_text(json.dumps(parts, indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
