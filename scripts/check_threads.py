#!/usr/bin/env python3
"""Builds an engine for each model with --deterministic and runs it with one, two and three threads: the bytes of its
outputs must be equal, at the dims it was tuned for and at others.

    .venv/bin/python scripts/check_threads.py [--chaos-seed N] MODEL.onnx[:HEIGHTxWIDTH]...

With a chaos seed the engine has random kernels instead of the fastest.
"""
import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime

from check_models import OWN_INPUTS, inputs_of, shapes, tenon

THREADS = (1, 2, 3)


def outputs(engine, inputs, threads, folder):
    np.savez(f"{folder}/in.npz", **inputs)
    tenon("run", engine, "--threads", threads, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz")
    with np.load(f"{folder}/out.npz") as found:
        return {name: found[name].tobytes() for name in found.files}


def differing(model, picture, flags, folder):
    """Where outputs differ: "output 'y' at batch 4, 2 threads"; empty where they do not."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    make = OWN_INPUTS.get(model.stem, lambda batch: inputs_of(session, batch, picture))
    engine = f"{folder}/{model.stem}.engine"
    ranges = [part for flag, batch in (("--min-shapes", 1), ("--opt-shapes", 1), ("--max-shapes", 4)) for part in (flag, shapes(make(batch)))]
    tenon("build", model, "-o", engine, "--device", "cpu", "--deterministic", "--no-verify", *flags, *ranges)
    found = []
    for batch in (1, 4):
        expected = outputs(engine, make(batch), THREADS[0], folder)
        for threads in THREADS[1:]:
            again = outputs(engine, make(batch), threads, folder)
            found += [f"output '{name}' at batch {batch}, {threads} threads" for name in expected if again[name] != expected[name]]
    return "; ".join(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx[:HEIGHTxWIDTH]")
    parser.add_argument("--chaos-seed", type=int)
    options = parser.parse_args()
    flags = [] if options.chaos_seed is None else ["--chaos-seed", options.chaos_seed]
    failures = 0
    for argument in options.models:
        name, _, size = argument.partition(":")
        with tempfile.TemporaryDirectory() as folder:
            found = differing(pathlib.Path(name), [int(n) for n in (size or "224x224").split("x")], flags, folder)
        failures += bool(found)
        print(f"{pathlib.Path(name).stem}: {'DIFFERS: ' + found if found else f'the same bytes with {THREADS} threads'}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
