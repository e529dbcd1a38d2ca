#!/usr/bin/env python3
"""Device memory while a model runs: Tenon's engine beside PyTorch's captured graph, each in a process of its own on an otherwise
idle GPU. `device` is what the GPU has less of (CUDA's context and library code included), `own` what each allocator holds:
weights, tensors and workspace of Tenon, the most that PyTorch's allocator reserved. Fails where Tenon takes more of either.

    python3 bench/gpu_memory.py --models FOLDER --out memory.json [--precision f16] [MODEL:BATCH,... ...]"""
import argparse
import json
import pathlib
import subprocess
import sys
import threading
import time

from gpu import tenon
from gpu_peers import read_cases, shapes_of

MIB = 1 << 20


def device_bytes():
    run = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"], capture_output=True, text=True)
    return int(run.stdout.split()[0]) * MIB


class Peak(threading.Thread):
    """The most memory in use on the GPU until `stop`, above what was in use before."""

    def __init__(self):
        super().__init__(daemon=True)
        self.before, self.most, self.ended = device_bytes(), 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.05):
            self.most = max(self.most, device_bytes())

    def stop(self):
        self.ended.set()
        self.join()
        time.sleep(0.5)  # the driver takes back a process's memory a little after its end
        return self.most - self.before


def of_tenon(arguments, name, batch):
    engine = arguments.models / f"{name}.b{batch}.memory.engine"
    tenon("build", arguments.models / f"{name}.onnx", "-o", engine, "--device", "cuda", "--precision", arguments.precision, "--shapes", shapes_of(name, batch),
          "--timing-cache", arguments.models / "timing.cache", "--no-verify")
    peak = Peak()
    report = tenon("bench", engine, "--device", "cuda", "--duration", "1.5", "--iterations", "50", "--streams", "1")
    row = {"tenon_device": peak.stop(), "tenon_ms": report["bench"]["gpu_compute"]["median"]}
    # Bytes of one context and of the weights that lie on the device.
    row["tenon_own"] = report["bench"]["device_memory"]["held"]
    engine.unlink()
    return row


def of_torch(arguments, name, batch):
    peak = Peak()
    command = [sys.executable, pathlib.Path(__file__).parent / "gpu_peers.py", "--precision", arguments.precision, f"{name}:{batch}"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    device, row = peak.stop(), next(json.loads(line) for line in reversed(lines) if line.startswith("{"))
    return {"torch_device": device, "torch_own": row.get("torch_reserved_bytes"), "torch_ms": row.get("torch_graph_ms"), **{k: row[k] for k in row if k.endswith("error")}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["resnet50:1,32", "bert_base_s128:1"])
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--precision", default="f16")
    arguments = parser.parse_args()
    rows, failed = {}, []
    for name, batch in read_cases(arguments.cases):
        key = f"{name}:{batch}"
        try:
            row = {**of_tenon(arguments, name, batch), **of_torch(arguments, name, batch)}
            row["pass"] = row["tenon_device"] <= row["torch_device"] and row["tenon_own"] <= row["torch_own"]
        except Exception as e:  # the other cases go on
            row = {"failed": str(e), "pass": False}
        rows[key] = row
        failed += [] if row["pass"] else [key]
        print(key, {k: f"{v / MIB:.0f} MiB" if k.endswith(("own", "device")) and v else v for k, v in row.items()}, flush=True)
        arguments.out.write_text(json.dumps({"precision": arguments.precision, "cases": rows}, indent=1))
    sys.exit(f"more memory than PyTorch: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
