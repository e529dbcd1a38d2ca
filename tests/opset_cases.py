#!/usr/bin/env python3
"""Writes cases for forms of operators that the `onnx` package's own suite lacks (older opsets, contrib operators), with
outputs by ONNX Runtime, or by onnx.reference where ONNX Runtime can't run them. `build/bin/conformance` runs them.

    .venv/bin/python tests/opset_cases.py [build/opset_cases]

Each tests/opset_cases_*.py has `write(cases)`, which calls `cases.add`.
"""
import glob
import importlib
import json
import os
import shutil
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from make_conformance import write, write_data_set

NEWEST_RUNTIME_OPSET = 23


def element_type(array):
    dtype = np.asarray(array).dtype
    return onnx.TensorProto.STRING if dtype.kind in "OUS" else helper.np_dtype_to_tensor_dtype(dtype)


def value_info(name, array):
    return helper.make_tensor_value_info(name, element_type(array), np.asarray(array).shape)


def symbolic_info(name, array):
    return helper.make_tensor_value_info(name, element_type(array), [f"{name}{i}" for i in range(np.asarray(array).ndim)])


def make_model(node, inputs, constants, outputs, opset, infos):
    graph = helper.make_graph([node], "case", infos, [onnx.ValueInfoProto(name=o) for o in outputs],
                              [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()])
    domains = {"": opset, node.domain: 1 if node.domain else opset}
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in domains.items()])
    model.ir_version = min(model.ir_version, 10 if opset <= NEWEST_RUNTIME_OPSET else model.ir_version)
    return model


def run(model, inputs, opset):
    if opset <= NEWEST_RUNTIME_OPSET:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options)
            return session.run(None, inputs)
        except Exception as e:
            if model.graph.node[0].domain:
                raise
            reason = str(e)
    else:
        reason = "opset"
    try:
        return ReferenceEvaluator(model).run(None, inputs)
    except Exception as e:
        raise RuntimeError(f"neither oracle runs it: {reason}; {e}") from e


class Cases:
    """Every case is written twice: all inputs fed at run time with symbolic dims, and all but the first constant."""

    def __init__(self, root):
        self.root, self.count, self.problems = root, 0, []

    def add(self, name, op, opset, inputs, attributes=None, outputs=1, domain="", rtol=1e-5, atol=1e-6):
        names = [f"i{k}" if a is not None else "" for k, a in enumerate(inputs)]
        out = [f"o{k}" for k in range(outputs)]
        node = helper.make_node(op, names, out, domain=domain, **(attributes or {}))
        given = {n: np.asarray(a) for n, a in zip(names, inputs) if n}
        for variant in ("fed", "constant") if len(given) > 1 else ("fed",):
            fed = {n: a for n, a in given.items() if variant == "fed" or n == "i0"}
            constants = {n: a for n, a in given.items() if n not in fed}
            info = symbolic_info if variant == "fed" else value_info
            model = make_model(node, given, constants, out, opset, [info(n, a) for n, a in fed.items()])
            try:
                expected = run(make_model(node, given, {}, out, opset, [value_info(n, a) for n, a in given.items()])
                               if variant == "fed" else model, fed, opset)
            except Exception as e:
                self.problems.append(f"{name}_{opset}: {e}")
                continue
            for o, value in zip(model.graph.output, expected):
                o.CopyFrom(helper.make_tensor_value_info(o.name, element_type(value), None))
            folder = f"{self.root}/{name}_{opset}_{variant}"
            os.makedirs(folder)
            write(f"{folder}/case.json", json.dumps({"rtol": rtol, "atol": atol}).encode())
            write(f"{folder}/model.onnx", model.SerializeToString())
            write_data_set(f"{folder}/test_data_set_0", model, list(fed.values()), expected)
            self.count += 1


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/opset_cases"
    warnings.simplefilter("ignore")
    here = os.path.dirname(os.path.abspath(__file__))
    for path in sorted(glob.glob(f"{here}/opset_cases_*.py")):
        family = os.path.basename(path)[len("opset_cases_"):-len(".py")]
        shutil.rmtree(f"{root}/{family}", ignore_errors=True)
        cases = Cases(f"{root}/{family}")
        importlib.import_module(f"opset_cases_{family}").write(cases)
        print(f"{family}: {cases.count} cases")
        for problem in cases.problems:
            print(f"  no oracle: {problem}")


if __name__ == "__main__":
    main()
