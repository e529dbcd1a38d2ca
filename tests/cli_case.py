"""What the tests of the program share: models, and how it is run and its report held against the schema."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from envelope_check import problems

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = json.loads((HERE.parent / "docs" / "envelope.schema.json").read_text())


def save_model(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def make_models(folder):
    random = np.random.default_rng(0)
    constants = [("w1", random.normal(size=(8, 3, 3, 3)).astype(np.float32)), ("b1", random.normal(size=8).astype(np.float32)),
                 ("w2", random.normal(size=(8, 10)).astype(np.float32))]
    nodes = [helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="conv1", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c1"], ["r1"], name="relu1"),
             helper.make_node("GlobalAveragePool", ["r1"], ["g1"], name="gap"),
             helper.make_node("Flatten", ["g1"], ["f1"], name="flat"),
             helper.make_node("MatMul", ["f1", "w2"], ["block/y"], name="fc")]
    f32 = TensorProto.FLOAT
    save_model(folder / "small.onnx", nodes, [("x", f32, ["N", 3, "H", "W"])], [("block/y", f32, ["N", 10])], constants)
    save_model(folder / "nan.onnx", [helper.make_node("Log", ["x"], ["l"], name="log"), helper.make_node("Neg", ["l"], ["y"], name="neg")],
               [("x", f32, [4])], [("y", f32, [4])])
    save_model(folder / "bad.onnx", [helper.make_node("Foo", ["x"], ["l"], name="foo"), helper.make_node("Bar", ["l"], ["m"], name="bar"),
                                     helper.make_node("Relu", ["x"], ["y"], name="relu")],
               [("x", f32, [4])], [("m", f32, [4]), ("y", f32, [4])])
    save_model(folder / "picky.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
               [("x", f32, [1, 3, "H", "W"])], [("y", f32, None)], [("w", np.ones((48, 2), np.float32))])
    body = helper.make_graph(
        [helper.make_node("Softmax", ["s"], ["soft"], name="inner"), helper.make_node("Mul", ["soft", "x"], ["next"], name="scaled"),
         helper.make_node("Identity", ["go"], ["still"], name="same")], "body",
        [helper.make_tensor_value_info(n, t, s) for n, t, s in (("trip", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("s", f32, [8]))],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in (("still", TensorProto.BOOL, []), ("next", f32, [8]))])
    save_model(folder / "loop.onnx", [helper.make_node("Loop", ["trips", "", "x"], ["y"], name="loop", body=body)],
               [("x", f32, [8])], [("y", f32, [8])], [("trips", np.array(200, np.int64))])
    (folder / "text.onnx").write_text("version https://git-lfs.github.com/spec/v1\n")


class Result:
    def __init__(self, process, envelope):
        self.code, self.out, self.log = process.returncode, process.stdout, process.stderr
        self.envelope = envelope

    @property
    def last(self):
        return self.log.strip().splitlines()[-1] if self.log.strip() else ""


class TenonTest(unittest.TestCase):
    """A folder with models and an engine, and the program that `main` was given."""
    program = fakes = None

    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        make_models(cls.folder)
        built = cls.run_plain("build", "small.onnx", "-o", "small.engine", "--shapes", "x:2x3x16x16")
        assert built.returncode == 0, built.stderr

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def run_plain(cls, *words):
        return subprocess.run([cls.program, *words], cwd=cls.folder, capture_output=True, text=True, timeout=300)

    def tenon(self, *words, code=0):
        """Runs with --json and holds the envelope against the schema."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        process = self.run_plain(*words, "--json", str(report))
        envelope = json.loads(report.read_text()) if report.exists() else None
        if envelope is not None:
            self.assertEqual(problems(envelope, SCHEMA), [])
            self.assertEqual(envelope["exit"]["code"], process.returncode)
        result = Result(process, envelope)
        self.assertEqual(result.code, code, process.stderr)
        return result


def main():
    TenonTest.program = str(pathlib.Path(sys.argv.pop(1)).resolve())
    TenonTest.fakes = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
