#!/usr/bin/env python3
"""Builds an engine for each model, runs it, and compares with ONNX Runtime on the same inputs.

    .venv/bin/python scripts/check_models.py [--precision bf16] [--chaos-seed N] [--fast] MODEL.onnx[:HEIGHTxWIDTH]...

Symbolic heights and widths of pictures are 224x224 unless given. With a precision, storage in that type is allowed where
it is faster; a chaos seed takes random kernels instead, and so those of that type too. With --fast a model also fails where
the reference runs a node, or what is not in fast steps takes 1% of the time.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parent.parent
TENON = ROOT / "build/bin/tenon"
NUMPY = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}
TOLERANCES = {"f32": 1e-3, "bf16": 3e-2}


def speech(batch, rate=16000):
    """What Silero's detector takes: 36 ms of sound and its state."""
    random = np.random.default_rng(batch)
    sound = random.standard_normal((batch, rate * 36 // 1000)).astype(np.float32) / 4
    return {"input": sound, "state": np.zeros((2, batch, 128), np.float32), "sr": np.array(rate)}


def sentences(batch, tokens=128):
    """Word numbers of sentences of several lengths, and which of them count."""
    random = np.random.default_rng(batch)
    mask = np.arange(tokens) < random.integers(5, tokens, (batch, 1))
    return {"ids": random.integers(1000, 30000, (batch, tokens)) * mask, "mask": mask.astype(np.int64)}


OWN_INPUTS = {"silero_vad": speech, "minilm_s128": sentences, "bert_base_s128": sentences}
# Inputs of engines that are built for their shapes alone.
FIXED = {"silero_vad": [lambda: speech(1), lambda: speech(2), lambda: speech(1, 8000)]}


def inputs_of(session, batch, picture):
    """Symbolic dims become the batch in front, those of the picture, else 1."""
    random = np.random.default_rng(batch)
    inputs = {}
    for t in session.get_inputs():
        unknown = [batch, 1, *picture] if len(t.shape) == 4 else [batch] + [1] * len(t.shape)
        dims = [d if isinstance(d, int) else unknown[i] for i, d in enumerate(t.shape)]
        dtype = NUMPY[t.type]
        inputs[t.name] = random.standard_normal(dims).astype(dtype) if dtype == np.float32 else np.ones(dims, dtype)
    return inputs


def shapes(inputs):
    return ",".join(f"{name}:{'x'.join(map(str, value.shape)) or 'scalar'}" for name, value in inputs.items())


def tenon(*arguments):
    run = subprocess.run([TENON, *map(str, arguments), "--quiet"], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip())


def difference(found, expected):
    """The largest difference as a fraction of the expected range; infinite where one of them is not finite."""
    error = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)
    return float(error) if np.isfinite(error) else np.inf


def disagreement(engine, session, inputs, folder):
    np.savez(f"{folder}/in.npz", **inputs)
    tenon("run", engine, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz")
    found = np.load(f"{folder}/out.npz")
    pairs = zip(session.get_outputs(), session.run(None, inputs))
    return max(difference(found[output.name], expected) for output, expected in pairs)


def slow_steps(report):
    """What a build says of steps outside fast kernels; empty where these are no reference and take under 1% of the time."""
    coverage = json.loads(pathlib.Path(report).read_text())["build"]["coverage"]
    nodes, percent = re.search(r"(\d+) reference", coverage), re.search(r"([\d.]+)% in generated and ([\d.]+)% in reference", coverage)
    return "" if nodes and percent and int(nodes[1]) == 0 and float(percent[1]) + float(percent[2]) < 1 else coverage


def check(model, picture, flags, fast, folder):
    make = OWN_INPUTS.get(model.stem, lambda batch: inputs_of(session, batch, picture))
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    ranges = {flag: shapes(make(batch)) for flag, batch in (("--min-shapes", 1), ("--opt-shapes", 1), ("--max-shapes", 4))}
    engine = f"{folder}/{model.stem}.engine"
    report = f"{folder}/build.json"
    tenon("build", model, "-o", engine, "--device", "cpu", "--json", report, *flags, *[part for pair in ranges.items() for part in pair])
    if fast and (slow := slow_steps(report)):
        raise RuntimeError(f"not all in fast steps: {slow}")
    worst = max(disagreement(engine, session, make(batch), folder) for batch in (1, 2, 4))
    for fixed in FIXED.get(model.stem, []):
        tenon("build", model, "-o", engine, "--device", "cpu", *flags, "--shapes", shapes(fixed()))
        worst = max(worst, disagreement(engine, session, fixed(), folder))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx[:HEIGHTxWIDTH]")
    parser.add_argument("--precision", choices=TOLERANCES, default="f32")
    parser.add_argument("--chaos-seed", type=int)
    parser.add_argument("--fast", action="store_true")
    options = parser.parse_args()
    tolerance = TOLERANCES[options.precision]
    flags = ["--precision", options.precision] if options.precision != "f32" else []
    if options.chaos_seed is not None:
        flags += ["--chaos-seed", options.chaos_seed, "--no-verify"]
    failures = 0
    for argument in options.models:
        name, _, size = argument.partition(":")
        path, picture = pathlib.Path(name), [int(n) for n in (size or "224x224").split("x")]
        with tempfile.TemporaryDirectory() as folder:
            try:
                error = check(path, picture, flags, options.fast, folder)
                failures += error > tolerance
                print(f"{path.stem}: {'agrees' if error <= tolerance else 'DIFFERS'}, largest difference {error:.1e} of the range", flush=True)
            except RuntimeError as e:
                failures += 1
                print(f"{path.stem}: {e}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
