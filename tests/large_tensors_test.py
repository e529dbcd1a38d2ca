"""A tensor of more than 2^31 elements. Takes 7 GB of memory. Usage: large_tensors_test.py path/to/tenon"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper

from cli_case import save_model

SIZE = (1 << 31) + 24
U8 = TensorProto.UINT8


def make(folder):
    nodes = [helper.make_node("Add", ["x", "x"], ["s"], name="add"), helper.make_node("Slice", ["s", "first", "end", "axis"], ["y"], name="slice"),
             helper.make_node("Gather", ["s", "picks"], ["z"], name="gather"), helper.make_node("Reshape", ["s", "rows"], ["r"], name="reshape"),
             helper.make_node("Gather", ["r", "last"], ["u"], name="column", axis=1), helper.make_node("Slice", ["u", "row", "end", "axis"], ["a"], name="rows")]
    constants = {"first": [SIZE - 9], "end": [SIZE], "axis": [0], "picks": [0, 1 << 31, SIZE - 1], "rows": [-1, 8], "last": [7], "row": [SIZE // 8 - 2]}
    save_model(folder / "large.onnx", nodes, [("x", U8, ["N"])], [("y", U8, None), ("z", U8, None), ("a", U8, None)],
               [(name, np.array(value, np.int64)) for name, value in constants.items()])
    x = np.zeros(SIZE, np.uint8)
    x[-9:] = np.arange(1, 10)
    x[1 << 31] = 77
    np.save(folder / "x.npy", x)


def main(program):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make(folder)
        subprocess.run([program, "run", "large.onnx", "--shapes", f"x:{SIZE}", "--input", "x=x.npy", "--output", "y.npz", "--no-verify", "--opt-level", "0"],
                       cwd=folder, check=True)
        with np.load(folder / "y.npz") as found:
            np.testing.assert_array_equal(found["y"], np.arange(2, 20, 2))
            np.testing.assert_array_equal(found["z"], [0, 154, 18])
            np.testing.assert_array_equal(found["a"], [[2], [18]])
    print("tensors of more than 2^31 elements are right")


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()))
