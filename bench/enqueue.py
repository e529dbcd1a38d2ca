#!/usr/bin/env python3
"""What a call through the nvinfer1 API costs beside the core's own call, on a network that does next to nothing:
build/bin/nvinfer_overhead, several times. Writes bench/results/enqueue-DATE.json.

    python3 bench/enqueue.py [--rounds N]"""
import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT_US = 5


def one_round():
    run = subprocess.run([ROOT / "build/bin/nvinfer_overhead", str(LIMIT_US)], env=dict(os.environ, TENON_DEVICE="cpu"), capture_output=True, text=True)
    found = re.search(r"enqueueV3 (\S+) us, the core's call (\S+) us", run.stdout)
    if not found:
        sys.exit(f"nvinfer_overhead ended with {run.returncode}: {run.stdout}{run.stderr}")
    return {"enqueueV3_us": float(found.group(1)), "core_us": float(found.group(2)), "passed": run.returncode == 0}


def cpu_name():
    return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rounds = [one_round() for _ in range(options.rounds)]
    extra = [r["enqueueV3_us"] - r["core_us"] for r in rounds]
    now = datetime.datetime.now(datetime.timezone.utc)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    result = {"date": now.strftime("%Y-%m-%d"), "command": "bench/enqueue.py " + " ".join(sys.argv[1:]), "host": {"cpu": cpu_name(), "load_before": load},
              "versions": {"Tenon": commit}, "limit_us": LIMIT_US, "median_extra_us": round(statistics.median(extra), 3), "largest_extra_us": round(max(extra), 3), "rounds": rounds}
    path = ROOT / f"bench/results/enqueue-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"enqueueV3 takes {result['median_extra_us']} us more than the core's call (largest of {options.rounds} rounds: {result['largest_extra_us']}, limit {LIMIT_US}); {path.relative_to(ROOT)}")
    return 0 if result["median_extra_us"] <= LIMIT_US else 1


if __name__ == "__main__":
    sys.exit(main())
