#!/usr/bin/env python3
"""Writes the backend cases of the installed `onnx` package as folders: KIND/NAME/{model.onnx, case.json,
test_data_set_I/input_J.pb, output_J.pb}. `build/bin/conformance` runs them.

    .venv/bin/python tests/make_conformance.py [build/conformance]
"""
import glob
import json
import os
import shutil
import sys
import warnings

import numpy as np
import onnx
import onnx.backend.test
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

KINDS = ["node", "simple", "pytorch-operator", "pytorch-converted", "real"]
DATA = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data")


def to_proto(value, info):
    if isinstance(value, onnx.TensorProto):
        return value
    if info.type.HasField("sequence_type"):
        return numpy_helper.from_list(value, info.name)
    if info.type.HasField("optional_type"):
        return numpy_helper.from_optional(value, info.name)
    if info.type.HasField("map_type"):
        return numpy_helper.from_dict(value, info.name)
    return numpy_helper.from_array(np.asarray(value), info.name)


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


def write_data_set(folder, model, inputs, outputs):
    os.makedirs(folder)
    for kind, values, infos in (("input", inputs, model.graph.input), ("output", outputs, model.graph.output)):
        for i, (value, info) in enumerate(zip(values, infos)):
            write(f"{folder}/{kind}_{i}.pb", to_proto(value, info).SerializeToString())


def write_light_model(folder, url):
    """The light models come without inputs: a ramp from 0 to 1, as in the runner of the onnx package."""
    source = os.path.join(DATA, "light", os.path.basename(url))
    shutil.copy(source, f"{folder}/model.onnx")
    model = onnx.load(source)
    initializers = {i.name for i in model.graph.initializer}
    inputs = []
    for info in model.graph.input:
        if info.name in initializers:
            continue
        shape = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
        size = int(np.prod(shape))
        inputs.append((np.arange(size).reshape(shape) / size).astype(np.float32))
    write_data_set(f"{folder}/test_data_set_0", model, inputs, [])
    for i in range(len(model.graph.output)):
        shutil.copy(f"{os.path.splitext(source)[0]}_output_{i}.pb", f"{folder}/test_data_set_0/output_{i}.pb")


def write_case(folder, case):
    os.makedirs(folder)
    write(f"{folder}/case.json", json.dumps({"rtol": case.rtol, "atol": case.atol}).encode())
    if case.model is not None:
        write(f"{folder}/model.onnx", case.model.SerializeToString())
        for i, (inputs, outputs) in enumerate(case.data_sets):
            write_data_set(f"{folder}/test_data_set_{i}", case.model, inputs, outputs)
    elif case.model_dir is not None:
        shutil.copy(f"{case.model_dir}/model.onnx", folder)
        for data_set in glob.glob(f"{case.model_dir}/test_data_set_*"):
            shutil.copytree(data_set, f"{folder}/{os.path.basename(data_set)}")
    else:
        write_light_model(folder, case.url)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/conformance"
    marker = f"{root}/onnx-{onnx.__version__}"
    if os.path.exists(marker):
        print(f"{root} is up to date")
        return
    shutil.rmtree(root, ignore_errors=True)
    warnings.simplefilter("ignore")
    for kind in KINDS:
        cases = load_model_tests(kind=kind)
        for case in cases:
            write_case(f"{root}/{kind}/{case.name}", case)
        print(f"{kind}: {len(cases)} cases")
    write(marker, b"")


if __name__ == "__main__":
    main()
