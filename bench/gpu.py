#!/usr/bin/env python3
"""Times Tenon and PyTorch on one GPU: each case in turn, Tenon's engine built for its shapes, PyTorch eager in the same precision
as a captured graph (and torch.compile in the cases of --compile), ONNX Runtime's CUDA provider where it is there. Times are GPU times of
graph replays with the inputs on the device.

    python3 bench/gpu.py --models FOLDER --out results.json [--precision f16|bf16|f32|tf32] [--compile MODEL:BATCH] [--no-check] [MODEL:BATCH,... ...]

FOLDER holds the models of bench/export_models.py (or bench/model_outline.py). Needs torch, torchvision and transformers for
the peers; without them only Tenon is timed.
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from gpu_peers import random_inputs, read_cases, shapes_of

PEERS_LIMIT_S = 420  # of all peers together
LIMIT_S = 180  # of one call of tenon: a case that hangs is a row without its time
CASES = ["resnet50:1,8,32,128", "mobilenet_v2:1,128", "efficientnet_b0:1,128", "convnext_tiny:32", "vit_b_16:1,32", "bert_base_s128:1,32",
         "bert_large_s384:8", "gpt2_s512:1"]


def tenon(verb, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        run = subprocess.run(["tenon", verb, *map(str, arguments), "--quiet", "--json", report], capture_output=True, text=True, timeout=LIMIT_S)
        if run.returncode:
            raise RuntimeError((run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1])
        return json.loads(report.read_text())


def agreement(engine, model, name, batch):
    """The engine's outputs beside ONNX Runtime's on the CPU, in f32: largest difference as a fraction of the range, and cosine."""
    import numpy as np
    import onnxruntime
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    inputs = random_inputs(session, name, batch)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **inputs)
        tenon("run", engine, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz")
        found = np.load(f"{folder}/out.npz")
        pairs = [(found[o.name].astype(np.float64).ravel(), e.astype(np.float64).ravel()) for o, e in zip(session.get_outputs(), session.run(None, inputs))]
    return {"error": max(float(abs(f - e).max() / max(abs(e).max(), 1e-30)) for f, e in pairs),
            "cosine": min(float(f @ e / max(np.linalg.norm(f) * np.linalg.norm(e), 1e-30)) for f, e in pairs)}


def time_tenon(arguments, name, batch):
    engine = arguments.models / f"{name}.b{batch}.engine"
    begin = time.time()
    flags = ["--device", "cuda", "--precision", arguments.precision, "--shapes", shapes_of(name, batch), "--timing-cache", arguments.models / "timing.cache"]
    tenon("build", arguments.models / f"{name}.onnx", "-o", engine, *flags, "--no-verify")
    built = time.time() - begin
    checked = {} if arguments.no_check else agreement(engine, arguments.models / f"{name}.onnx", name, batch)
    report = tenon("bench", engine, "--device", "cuda", "--duration", "1", "--iterations", "50", "--profile")
    layers = sorted(report["layers"], key=lambda layer: -layer.get("us", 0))
    return {"tenon_ms": report["bench"]["gpu_compute"]["median"], "build_s": built, **checked, "latency_ms": report["bench"]["latency"]["median"],
            "enqueue_ms": report["bench"]["enqueue"]["median"],
            "layers": [[round(layer.get("us", 0), 1), layer["name"][:80], layer.get("kernel", "")[:90]] for layer in layers[:25]], "steps": len(layers)}


def time_peers(cases, arguments):
    command = [sys.executable, pathlib.Path(__file__).parent / "gpu_peers.py", "--precision", arguments.precision, "--models", arguments.models]
    command += [word for case in arguments.compile for word in ("--compile", case)] + [f"{n}:{b}" for n, b in cases]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as log:
        try:
            code = subprocess.run(command, stdout=out, stderr=log, text=True, timeout=PEERS_LIMIT_S).returncode
        except subprocess.TimeoutExpired:
            code = f"stopped after {PEERS_LIMIT_S} s"
        out.seek(0), log.seek(0)
        if code:
            print("peers:", code, log.read().strip().splitlines()[-1:], file=sys.stderr)
        rows = [json.loads(line) for line in out.read().splitlines() if line.startswith("{") and line.endswith("}")]
    return {row.pop("case"): row for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--models", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--precision", default="f16")
    parser.add_argument("--compile", action="append", default=[], metavar="MODEL:BATCH", help="time torch.compile too in this case (minutes each)")
    parser.add_argument("--no-check", action="store_true", help="leave out the comparison with ONNX Runtime")
    parser.add_argument("--no-peers", action="store_true")
    arguments = parser.parse_args()
    cases = read_cases(arguments.cases or CASES)
    gpu = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True, text=True).stdout.strip()
    built = pathlib.Path(__file__).resolve().parent.parent / ".gpu/built.json"
    result = {"date": datetime.date.today().isoformat(), "command": " ".join(["bench/gpu.py", *sys.argv[1:]]), "gpu": gpu, "precision": arguments.precision,
              **(json.loads(built.read_text()) if built.exists() else {}), "versions": {}, "cases": {}}
    others = {} if arguments.no_peers else time_peers(cases, arguments)
    result["versions"] = others.pop("versions", {})
    print(f"{'case':24} {'tenon':>9} {'torch':>9} {'compile':>9} {'ort':>9} {'ratio':>7} {'build s':>8} {'error':>8} {'cosine':>9} steps")
    for name, batch in cases:
        key = f"{name}:{batch}"
        row = dict(others.get(key, {}))
        try:
            row.update(time_tenon(arguments, name, batch))
        except Exception as e:  # the other cases go on
            row["failed"] = str(e)
        result["cases"][key] = row
        best = min((row[k] for k in ("torch_graph_ms", "torch_compile_ms", "onnxruntime_ms") if k in row), default=None)
        ratio = row["tenon_ms"] / best if best and "tenon_ms" in row else float("nan")
        print(f"{key:24} {row.get('tenon_ms', float('nan')):9.4f} {row.get('torch_graph_ms', float('nan')):9.4f} {row.get('torch_compile_ms', float('nan')):9.4f} {row.get('onnxruntime_ms', float('nan')):9.4f} "
              f"{ratio:7.2f} {row.get('build_s', 0):8.1f} {row.get('error', float('nan')):8.1e} {row.get('cosine', float('nan')):9.6f} {row.get('steps', '')} {row.get('failed', '')}", flush=True)
        arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
