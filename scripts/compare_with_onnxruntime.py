#!/usr/bin/env python3
"""Runs a model in ONNX Runtime on the inputs of an .npz file and compares with the outputs there.

    .venv/bin/python scripts/compare_with_onnxruntime.py MODEL FILE.npz [TOLERANCE]

The tolerance is a fraction of the largest output, 1e-3 by default. Ends with 1 when an output is further apart.
"""
import sys

import numpy as np
import onnxruntime


def main():
    values = np.load(sys.argv[2])
    tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 1e-3
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs() if o.name in values]
    expected = session.run(names, {i.name: values[i.name] for i in session.get_inputs()})
    agree = bool(names)
    for name, reference in zip(names, expected):
        same_shape = values[name].shape == reference.shape
        error = float(abs(values[name] - reference).max() / max(abs(reference).max(), 1e-30)) if same_shape else np.inf
        agree = agree and error <= tolerance
        print(f"ONNX Runtime {onnxruntime.__version__}: output '{name}' {'agrees' if error <= tolerance else 'DIFFERS'}, "
              f"largest difference {error:.1e} of its range")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
