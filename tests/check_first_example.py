#!/usr/bin/env python3
"""Runs the program that the README shows, build/bin/first, on a small model.

    .venv/bin/python tests/check_first_example.py
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

ROOT = pathlib.Path(__file__).resolve().parent.parent


def small_model():
    weights = np.random.default_rng(0).standard_normal((8, 3, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["y"], name="relu")]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 16, 16])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 8, 16, 16])
    graph = helper.make_graph(nodes, "small", [x], [y], [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    with tempfile.TemporaryDirectory() as folder:
        save(small_model(), f"{folder}/small.onnx")
        run = subprocess.run([ROOT / "build/bin/first", "small.onnx"], cwd=folder, capture_output=True, text=True)
    print(run.stdout + run.stderr, end="")
    return 0 if run.returncode == 0 and "PASSED" in run.stdout and "y: 1 8 16 16" in run.stdout else 1


if __name__ == "__main__":
    sys.exit(main())
